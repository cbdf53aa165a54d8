// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/rcnn/anchors.hpp"
#include "engine/rcnn/proposals.hpp"
#include "tests/support/npz.hpp"

namespace rcnn::tests {

inline std::vector<engine::Box> to_boxes(std::span<const float> corners) {
  std::vector<engine::Box> boxes;
  for (std::size_t i = 0; i + 3 < corners.size(); i += 4) {
    boxes.push_back({corners[i], corners[i + 1], corners[i + 2], corners[i + 3]});
  }
  return boxes;
}

/// [1, C, H, W] -> [H, W, C].
inline std::vector<float> to_channels_last(std::span<const float> planes, const engine::Shape& shape) {
  const auto channels = static_cast<std::size_t>(shape.at(1));
  const auto cells = static_cast<std::size_t>(shape.at(2) * shape.at(3));
  std::vector<float> result(planes.size());
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < cells; ++i) result[i * channels + c] = planes[c * cells + i];
  }
  return result;
}

/// The RPN head's recorded outputs for one frame, with the anchors of Detectron2's FPN configs.
struct GoldenRpn {
  static constexpr std::array<const char*, 5> kNames{"p2", "p3", "p4", "p5", "p6"};

  std::vector<std::vector<engine::Box>> anchors;
  std::vector<std::vector<float>> logits;
  std::vector<std::vector<float>> deltas;

  explicit GoldenRpn(const Npz& golden) {
    constexpr std::array<float, 3> kRatios{0.5F, 1.F, 2.F};
    int stride = 4;
    for (const std::string name : kNames) {
      const auto& shape = golden.shape("rpn_logits_" + name);
      const auto size = static_cast<float>(stride * 8);
      const auto cells = engine::cell_anchors({&size, 1}, kRatios);
      anchors.push_back(
          engine::grid_anchors(cells, static_cast<int>(shape[2]), static_cast<int>(shape[3]), stride, 0.F));
      logits.push_back(to_channels_last(golden.f32("rpn_logits_" + name), shape));
      deltas.push_back(
          to_channels_last(golden.f32("rpn_deltas_" + name), golden.shape("rpn_deltas_" + name)));
      stride *= 2;
    }
  }

  std::vector<engine::RpnLevel> levels() const {
    std::vector<engine::RpnLevel> result;
    for (std::size_t i = 0; i < anchors.size(); ++i) result.push_back({anchors[i], logits[i], deltas[i]});
    return result;
  }
};

inline std::vector<engine::Proposal> golden_proposals(const Npz& golden) {
  const auto boxes = to_boxes(golden.f32("proposals_xyxy"));
  const auto logits = golden.f32("proposal_logits");
  std::vector<engine::Proposal> proposals;
  for (std::size_t i = 0; i < boxes.size(); ++i) proposals.push_back({boxes[i], logits[i]});
  return proposals;
}

}  // namespace rcnn::tests
