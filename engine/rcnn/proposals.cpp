// SPDX-License-Identifier: MIT
#include "engine/rcnn/proposals.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/errors.hpp"
#include "engine/rcnn/nms.hpp"
#include "engine/rcnn/ranking.hpp"

namespace rcnn::engine {
namespace {

void require_matching(const RpnLevel& level) {
  if (level.logits.size() == level.anchors.size() && level.deltas.size() == 4 * level.anchors.size()) return;
  throw ShapeError("an RPN level of " + std::to_string(level.anchors.size()) + " anchors has " +
                   std::to_string(level.logits.size()) + " logits and " +
                   std::to_string(level.deltas.size()) + " deltas; expected [M] and [M, 4]");
}

bool all_finite(const Box& box) {
  return std::isfinite(box.x0) && std::isfinite(box.y0) && std::isfinite(box.x1) && std::isfinite(box.y1);
}

}  // namespace

std::vector<Proposal> level_proposals(const RpnLevel& level, const ProposalParams& params, float width,
                                      float height) {
  require_matching(level);
  std::vector<Box> boxes;
  std::vector<float> logits;
  // A non-finite logit or box still takes one of the best places, as in Detectron2, which drops it after
  // top-k.
  for (const auto index : top_k(level.logits, static_cast<std::size_t>(std::max(params.pre_nms_topk, 0)))) {
    const auto deltas = level.deltas.subspan(4 * index).first<4>();
    const auto decoded = apply_deltas(level.anchors[index], deltas, params.delta_weights);
    if (!all_finite(decoded) || !std::isfinite(level.logits[index])) continue;
    const auto box = clip(decoded, width, height);
    if (!(box.width() > params.min_box_size && box.height() > params.min_box_size)) continue;
    boxes.push_back(box);
    logits.push_back(level.logits[index]);
  }
  std::vector<Proposal> proposals;
  for (const auto index : nms(boxes, logits, params.nms_threshold)) {
    const auto i = static_cast<std::size_t>(index);
    proposals.push_back({boxes[i], logits[i]});
  }
  return proposals;
}

std::vector<Proposal> merge_proposals(std::span<const std::vector<Proposal>> levels,
                                      const ProposalParams& params) {
  std::vector<Proposal> all;
  for (const auto& level : levels) all.insert(all.end(), level.begin(), level.end());
  std::vector<float> logits(all.size());
  std::transform(all.begin(), all.end(), logits.begin(), [](const Proposal& each) { return each.logit; });
  std::vector<Proposal> best;
  for (const auto index : top_k(logits, static_cast<std::size_t>(std::max(params.post_nms_topk, 0)))) {
    best.push_back(all[index]);
  }
  return best;
}

std::vector<Proposal> find_top_proposals(std::span<const RpnLevel> levels, const ProposalParams& params,
                                         float width, float height) {
  std::vector<std::vector<Proposal>> candidates;
  candidates.reserve(levels.size());
  for (const auto& level : levels) candidates.push_back(level_proposals(level, params, width, height));
  return merge_proposals(candidates, params);
}

}  // namespace rcnn::engine
