// SPDX-License-Identifier: MIT
#include "engine/rcnn/proposals.hpp"

#include <utility>

#include "engine/errors.hpp"
#include "engine/rcnn/given_proposals.hpp"
#include "pipeline/parallel.hpp"
#include "pipeline/stages.hpp"

namespace rcnn::pipeline {

namespace {

/// What the RPN found, level by level.
std::vector<engine::Proposal> found_proposals(const Frame& frame) {
  const auto& anchors = frame.geometry->anchors;
  const auto count = anchors.size();
  // Features of each level (unless the RPN head is a program of its own), then logits, then deltas.
  const auto& tensors = std::as_const(frame.rpn ? *frame.rpn : *frame.backbone);
  const std::size_t first = frame.rpn ? 0 : count;
  const auto params = frame.session->proposal_params();
  const auto width = static_cast<float>(frame.network_size.width);
  const auto height = static_cast<float>(frame.network_size.height);
  std::vector<std::vector<engine::Proposal>> levels(count);
  parallel_ranges(count, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t level = begin; level < end; ++level) {
      const engine::RpnLevel rpn{anchors[level], tensors.at(first + level).values<float>(),
                                 tensors.at(first + count + level).values<float>()};
      levels[level] = engine::level_proposals(rpn, params, width, height);
    }
  });
  return engine::merge_proposals(levels, params);
}

/// What came with the image. \throws engine::SettingError if nothing did
std::vector<engine::Proposal> fitted_proposals(const Frame& frame) {
  const auto& config = frame.session->config();
  if (!frame.given_proposals) {
    throw engine::SettingError(
        "the model '" + config.name +
        "' has no RPN (Fast R-CNN) and no proposals came with the frame; `neuron-rcnn detect "
        "--proposals FILE.pkl` gives them to images, elements upstream of a pipeline give them to video "
        "frames as "
        "regions of interest of type \"proposal\"");
  }
  const auto width = static_cast<float>(frame.network_size.width);
  const auto height = static_cast<float>(frame.network_size.height);
  const engine::NetworkFrame network{width / static_cast<float>(frame.image_size.width),
                                     height / static_cast<float>(frame.image_size.height), width, height};
  return engine::fit_proposals(*frame.given_proposals, network, config.precomputed_topk);
}

}  // namespace

void run_proposals(Frame& frame) {
  frame.claim(StageId::kProposals);
  if (!frame.backbone)
    throw engine::Error("'cpu-rpn-proposals' got a frame without features: its backbone failed");
  frame.proposals = frame.session->config().load_proposals ? fitted_proposals(frame) : found_proposals(frame);
  frame.rpn.reset();
}

}  // namespace rcnn::pipeline
