// SPDX-License-Identifier: MIT
#include "engine/rcnn/proposals.hpp"

#include <utility>

#include "engine/errors.hpp"
#include "pipeline/parallel.hpp"
#include "pipeline/stages.hpp"

namespace rcnn::pipeline {

void run_proposals(Frame& frame) {
  frame.claim(StageId::kProposals);
  if (!frame.backbone)
    throw engine::Error("'cpu-rpn-proposals' got a frame without features: its backbone failed");
  const auto& anchors = frame.geometry->anchors;
  const auto count = anchors.size();
  const auto& tensors = std::as_const(*frame.backbone);  // Features of each level, then logits, then deltas.
  const auto params = frame.session->proposal_params();
  const auto width = static_cast<float>(frame.network_size.width);
  const auto height = static_cast<float>(frame.network_size.height);
  std::vector<std::vector<engine::Proposal>> levels(count);
  parallel_ranges(count, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t level = begin; level < end; ++level) {
      const engine::RpnLevel rpn{anchors[level], tensors.at(count + level).values<float>(),
                                 tensors.at(2 * count + level).values<float>()};
      levels[level] = engine::level_proposals(rpn, params, width, height);
    }
  });
  frame.proposals = engine::merge_proposals(levels, params);
}

}  // namespace rcnn::pipeline
