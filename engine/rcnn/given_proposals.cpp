// SPDX-License-Identifier: MIT
#include "engine/rcnn/given_proposals.hpp"

#include <algorithm>

#include "engine/rcnn/box_deltas.hpp"
#include "engine/rcnn/ranking.hpp"

namespace rcnn::engine {

std::vector<Proposal> fit_proposals(std::span<const Proposal> given, const NetworkFrame& frame, int topk) {
  std::vector<float> logits(given.size());
  std::transform(given.begin(), given.end(), logits.begin(), [](const Proposal& each) { return each.logit; });
  const auto most = static_cast<std::size_t>(std::max(topk, 0));
  std::vector<Proposal> fitted;
  fitted.reserve(std::min(most, given.size()));
  for (const auto index : top_k(logits, given.size())) {
    if (fitted.size() == most) break;
    const auto& [box, logit] = given[index];
    const auto clipped =
        clip({box.x0 * frame.scale_x, box.y0 * frame.scale_y, box.x1 * frame.scale_x, box.y1 * frame.scale_y},
             frame.width, frame.height);
    if (clipped.width() > 0 && clipped.height() > 0) fitted.push_back({clipped, logit});
  }
  return fitted;
}

}  // namespace rcnn::engine
