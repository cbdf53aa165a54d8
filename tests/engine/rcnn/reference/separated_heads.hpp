// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "engine/rcnn/box.hpp"
#include "tests/engine/rcnn/reference/random_boxes.hpp"

namespace rcnn::tests {

struct HeadOutputs {
  std::vector<float> logits;
  std::vector<float> deltas;
  std::vector<engine::Proposal> proposals;
};

/// A row of logits that gives one class, and with more of them a second one, the next of `probabilities`;
/// sometimes both the same.
inline std::vector<float> separated_row(std::size_t classes, std::vector<double>& probabilities,
                                        std::mt19937& random) {
  std::vector<double> row(classes + 1, 1e-17);
  const auto first = random() % classes;
  row[first] = probabilities.back();
  probabilities.pop_back();
  double rest = 1 - row[first];
  const auto second = random() % classes;
  const double other = random() % 6 == 0 ? row[first] : probabilities.back();
  if (second != first && rest - other > 0.05) {
    row[second] = other;
    rest -= other;
    probabilities.pop_back();
  }
  row.back() = rest;
  const double shift = std::uniform_real_distribution(-9., 9.)(random);  // A softmax does not see it
  std::vector<float> logits;
  for (const auto probability : row) logits.push_back(static_cast<float>(std::log(probability) + shift));
  return logits;
}

/// What a box head may say of clumped regions, with scores either equal, since all their logits are, or at
/// least 1e-4 apart and half of that from 0.05: no rounding of a softmax changes who is better. Every seventh
/// row of logits is another's; some regions have no side, some deltas, logits or corners are not finite.
inline HeadOutputs separated_heads(std::size_t regions, int class_count, bool agnostic, unsigned seed) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  std::mt19937 random(seed);
  std::vector<double> probabilities;
  for (int i = 100; i < 7000; ++i) probabilities.push_back((i + 0.5) * 1e-4);
  std::shuffle(probabilities.begin(), probabilities.end(), random);
  HeadOutputs heads;
  const auto boxes = clumped_boxes(regions, seed + 1);
  const auto classes = static_cast<std::size_t>(class_count);
  const auto columns = 4 * (agnostic ? 1 : classes);
  std::normal_distribution<float> normal(0.F, 1.F);
  for (std::size_t r = 0; r < regions; ++r) {
    auto box = boxes[r];
    if (r % 17 == 3) box.x1 = box.x0;
    if (r % 19 == 4) box = boxes[r - 1];
    if (r % 101 == 5) box.y1 = r % 2 == 0 ? kNan : kInf;
    heads.proposals.push_back({box, 0.F});

    std::vector<float> logits;
    if (r % 7 == 6) {
      const auto twin = random() % r * (classes + 1);
      const auto row = std::span(heads.logits).subspan(twin, classes + 1);
      logits.assign(row.begin(), row.end());
    } else {
      logits = separated_row(classes, probabilities, random);
    }
    if (r % 23 == 7) logits[random() % logits.size()] = r % 2 == 0 ? kNan : kInf;
    heads.logits.insert(heads.logits.end(), logits.begin(), logits.end());

    for (std::size_t i = 0; i < columns; ++i) heads.deltas.push_back(normal(random));
    if (r % 13 == 8) {
      const std::array<float, 6> extremes{kNan, kInf, -kInf, 3e38F, -1e30F, 1e30F};
      *(heads.deltas.end() - 1 - static_cast<std::ptrdiff_t>(random() % columns)) =
          extremes[random() % extremes.size()];
    }
  }
  return heads;
}

}  // namespace rcnn::tests
