// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <vector>

#include "engine/rcnn/box.hpp"

namespace rcnn::tests {

/// Clumps of overlapping boxes, as candidates come from a network.
inline std::vector<engine::Box> clumped_boxes(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> where(0.F, 700.F);
  std::uniform_real_distribution<float> side(1.F, 150.F);
  std::normal_distribution<float> shake(0.F, 8.F);
  std::vector<engine::Box> boxes;
  engine::Box center;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 7 == 0) {
      center.x0 = where(random);
      center.y0 = where(random);
      center.x1 = center.x0 + side(random);
      center.y1 = center.y0 + side(random);
    }
    engine::Box box{center.x0 + shake(random), center.y0 + shake(random), center.x1 + shake(random),
                    center.y1 + shake(random)};
    box.x1 = std::max(box.x1, box.x0 + 1);
    box.y1 = std::max(box.y1, box.y0 + 1);
    boxes.push_back(box);
  }
  return boxes;
}

/// Scores with many ties, since ties are where an order goes wrong.
inline std::vector<float> tied_scores(std::size_t count, unsigned seed, int levels = 50) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> level(-levels, levels);
  std::vector<float> scores(count);
  for (auto& score : scores) score = static_cast<float>(level(random)) / static_cast<float>(levels);
  return scores;
}

inline std::vector<int> random_classes(std::size_t count, unsigned seed, int classes) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> one(0, classes - 1);
  std::vector<int> result(count);
  for (auto& value : result) value = one(random);
  return result;
}

}  // namespace rcnn::tests
