// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "engine/rcnn/box.hpp"
#include "engine/rcnn/box_deltas.hpp"

namespace rcnn::engine {

/// What the RPN head says about one FPN level.
///
///   anchors  [M]     network-input pixels, order H, W, cell anchor (grid_anchors)
///   logits   [M]     objectness, same order (NHWC of the head's [1, A, H, W])
///   deltas   [M, 4]  dx, dy, dw, dh, same order (NHWC of [1, 4A, H, W])
struct RpnLevel {
  std::span<const Box> anchors;
  std::span<const float> logits;
  std::span<const float> deltas;
};

struct ProposalParams {
  int pre_nms_topk = 1000;   ///< Per level.
  int post_nms_topk = 1000;  ///< Over all levels.
  float nms_threshold = 0.7f;
  float min_box_size = 0.f;  ///< Sides must be greater than this.
  BoxDeltaWeights delta_weights{1.f, 1.f, 1.f, 1.f};
};

/// Candidates of one level: best pre_nms_topk by logit, decoded, finite, clipped to width x height
/// (unpadded network input), sides > min_box_size, NMS within the level; best first.
/// Levels are independent, so that the pipeline can spread them over threads.
/// Thread safety: reentrant. \throws ShapeError if the spans disagree.
std::vector<Proposal> level_proposals(const RpnLevel& level, const ProposalParams& params, float width,
                                      float height);

/// Best post_nms_topk over the levels' candidates, by logit; equal logits keep level order.
/// Thread safety: reentrant.
std::vector<Proposal> merge_proposals(std::span<const std::vector<Proposal>> levels,
                                      const ProposalParams& params);

/// Both steps. Matches Detectron2 find_top_rpn_proposals in evaluation mode.
/// Thread safety and errors: as level_proposals().
std::vector<Proposal> find_top_proposals(std::span<const RpnLevel> levels, const ProposalParams& params,
                                         float width, float height);

}  // namespace rcnn::engine
