// SPDX-License-Identifier: MIT
#include "engine/rcnn/proposals.hpp"

#include <span>
#include <string_view>
#include <vector>

#include "engine/errors.hpp"
#include "engine/rcnn/given_proposals.hpp"
#include "pipeline/parallel.hpp"
#include "pipeline/stages.hpp"

namespace rcnn::pipeline {

namespace {

/// What the RPN head wrote under names that begin so, a level each, finest first: every cut keeps that order.
std::vector<std::span<const float>> levels_named(const Frame& frame, std::string_view stem) {
  std::vector<std::span<const float>> levels;
  const auto add = [&](const TensorSet& set) {
    for (const auto& tensor : set) {
      if (tensor.spec().name.starts_with(stem)) levels.push_back(tensor.values<float>());
    }
  };
  if (frame.rpn.empty()) add(*frame.backbone);
  for (const auto& set : frame.rpn) add(*set);
  return levels;
}

/// What the RPN found, level by level.
std::vector<engine::Proposal> found_proposals(const Frame& frame) {
  const auto& anchors = frame.geometry->anchors;
  const auto count = anchors.size();
  const auto logits = levels_named(frame, "rpn_logits_"), deltas = levels_named(frame, "rpn_deltas_");
  const auto params = frame.session->proposal_params();
  const auto width = static_cast<float>(frame.network_size.width);
  const auto height = static_cast<float>(frame.network_size.height);
  std::vector<std::vector<engine::Proposal>> levels(count);
  parallel_ranges(count, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t level = begin; level < end; ++level) {
      const engine::RpnLevel rpn{anchors[level], logits.at(level), deltas.at(level)};
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
  frame.rpn.clear();
}

}  // namespace rcnn::pipeline
