// SPDX-License-Identifier: MIT
#include "engine/rcnn/roi_align.hpp"

#include <utility>

#include "engine/errors.hpp"
#include "pipeline/parallel.hpp"
#include "pipeline/stages.hpp"
#include "pipeline/stages/unused_rows.hpp"

namespace rcnn::pipeline {
namespace {

// Five to 30 us a region: pieces of a millisecond at most spread 1000 regions evenly though their costs
// differ, and cost nothing where other frames keep all workers busy.
constexpr std::size_t kRegionsPerPiece = 32;

}  // namespace

void run_roi_align(Frame& frame) {
  frame.claim(StageId::kRoiAlign);
  if (!frame.backbone) throw engine::Error("'roi-align' got a frame without features: its backbone failed");
  // Given back at the end, unless detections will be pooled from the same features.
  const auto backbone = frame.session->has_details() ? frame.backbone : std::move(frame.backbone);
  if (frame.proposals.empty()) return;

  const auto& session = *frame.session;
  const auto params = session.pooler_params();
  std::vector<engine::FeatureView> levels;
  for (std::size_t level = 0; level < params.strides.size(); ++level) {
    levels.push_back(engine::feature_view(backbone->at(level)));
  }
  std::vector<engine::Box> boxes;
  for (const auto& proposal : frame.proposals) boxes.push_back(proposal.box);
  // Always of the largest bucket, so that every count finds the same tensors again; rows that no region fills
  // are never touched, so they cost address space only.
  auto& model = session.model();
  auto pooled = session.acquire(model.box_executable(model.box_buckets().back())->inputs());
  const engine::PooledView room(pooled->at(0));
  const auto order = engine::pooling_order(boxes, params);
  parallel_ranges(order.size(), kRegionsPerPiece, [&](std::size_t begin, std::size_t end) {
    engine::roi_align(levels, boxes, std::span(order).subspan(begin, end - begin), params, room);
  });
  clear_unused_rows(pooled->at(0), boxes.size());
  frame.pooled = std::move(pooled);
}

}  // namespace rcnn::pipeline
