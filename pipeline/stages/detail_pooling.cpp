// SPDX-License-Identifier: MIT
#include "pipeline/stages/detail_pooling.hpp"

#include <algorithm>
#include <vector>

#include "engine/rcnn/roi_align.hpp"
#include "pipeline/parallel.hpp"
#include "pipeline/stages/unused_rows.hpp"

namespace rcnn::pipeline {
namespace {

// Four times the bins of a region of the box head.
constexpr std::size_t kDetectionsPerPiece = 8;

}  // namespace

std::shared_ptr<TensorSet> pool_for_details(const Session& session, const TensorSet& backbone,
                                            std::span<const engine::Detection> detections) {
  if (detections.empty()) return nullptr;
  const auto params = session.detail_pooler_params();
  std::vector<engine::FeatureView> levels;
  for (std::size_t level = 0; level < params.strides.size(); ++level) {
    levels.push_back(engine::feature_view(backbone.at(level)));
  }
  std::vector<engine::Box> boxes;
  for (const auto& detection : detections) boxes.push_back(detection.box);
  // One size for all buckets, as with the regions of the box head.
  auto inputs = session.acquire(session.largest_detail_executable()->inputs());
  const engine::PooledView pooled(inputs->at(0));
  const auto order = engine::pooling_order(boxes, params);
  parallel_ranges(order.size(), kDetectionsPerPiece, [&](std::size_t begin, std::size_t end) {
    engine::roi_align(levels, boxes, std::span(order).subspan(begin, end - begin), params, pooled);
  });
  clear_unused_rows(inputs->at(0), boxes.size());
  if (inputs->size() == 1) return inputs;
  const auto classes = inputs->at(1).values<float>();
  std::fill(classes.begin(), classes.end(), 0.F);
  for (std::size_t i = 0; i < detections.size(); ++i) classes[i] = static_cast<float>(detections[i].label);
  return inputs;
}

}  // namespace rcnn::pipeline
