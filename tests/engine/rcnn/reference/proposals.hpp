// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "engine/rcnn/proposals.hpp"
#include "tests/engine/rcnn/reference/box_deltas.hpp"
#include "tests/engine/rcnn/reference/nms.hpp"

namespace rcnn::tests {

/// The slow twin: Detectron2's find_top_rpn_proposals, step by step. Every level is sorted whole (as PyTorch
/// sorts: NaN is the greatest, equals keep their order), one NMS runs over the candidates of all levels.
inline std::vector<engine::Proposal> slow_proposals(std::span<const engine::RpnLevel> levels,
                                                    const engine::ProposalParams& params, double threshold,
                                                    float width, float height) {
  std::vector<engine::Box> boxes;
  std::vector<float> logits;
  std::vector<int> level_of;
  for (std::size_t l = 0; l < levels.size(); ++l) {
    const auto& level = levels[l];
    std::vector<std::size_t> order(level.logits.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const float one = level.logits[a], other = level.logits[b];
      return std::isnan(one) ? !std::isnan(other) : one > other;
    });
    for (std::size_t i = 0; i < order.size() && i < static_cast<std::size_t>(params.pre_nms_topk); ++i) {
      const float logit = level.logits[order[i]];
      engine::Box box;
      if (!slow_clipped(level.anchors[order[i]], level.deltas.subspan(4 * order[i]).first<4>(),
                        params.delta_weights, width, height, box) ||
          !std::isfinite(logit)) {
        continue;
      }
      if (box.x1 - box.x0 <= params.min_box_size || box.y1 - box.y0 <= params.min_box_size) continue;
      boxes.push_back(box);
      logits.push_back(logit);
      level_of.push_back(static_cast<int>(l));
    }
  }
  std::vector<engine::Proposal> proposals;
  for (const int kept : slow_nms(boxes, logits, level_of, threshold)) {
    if (proposals.size() == static_cast<std::size_t>(params.post_nms_topk)) break;
    proposals.push_back({boxes[static_cast<std::size_t>(kept)], logits[static_cast<std::size_t>(kept)]});
  }
  return proposals;
}

}  // namespace rcnn::tests
