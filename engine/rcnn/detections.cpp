// SPDX-License-Identifier: MIT
#include "engine/rcnn/detections.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/errors.hpp"
#include "engine/rcnn/nms.hpp"

namespace rcnn::engine {
namespace {

/// (region, class) pairs over the threshold, region by region: the order in which Detectron2 hands them to
/// NMS.
struct Candidates {
  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<int> labels;
  std::vector<int> regions;
};

struct Sizes {
  std::size_t classes;      ///< Without background
  std::size_t box_classes;  ///< 1 if class-agnostic
};

Sizes checked_sizes(std::span<const float> class_logits, std::span<const float> box_deltas,
                    std::size_t regions, const DetectionParams& params) {
  if (params.class_count < 1) {
    throw ShapeError("detections of " + std::to_string(params.class_count) +
                     " classes; at least one is needed");
  }
  const auto classes = static_cast<std::size_t>(params.class_count);
  const Sizes sizes{classes, params.class_agnostic ? 1 : classes};
  if (class_logits.size() != regions * (classes + 1) ||
      box_deltas.size() != regions * sizes.box_classes * 4) {
    throw ShapeError("detections of " + std::to_string(regions) + " regions and " + std::to_string(classes) +
                     " classes were given " + std::to_string(class_logits.size()) + " class logits and " +
                     std::to_string(box_deltas.size()) + " box deltas; expected [R, " +
                     std::to_string(classes + 1) + "] and [R, " + std::to_string(sizes.box_classes * 4) +
                     "]");
  }
  return sizes;
}

/// \returns false if a probability is not finite (a NaN or +inf among the logits makes all of them NaN).
bool softmax(std::span<const float> logits, std::span<float> probabilities) {
  float largest = logits[0];
  for (const auto logit : logits) largest = std::max(largest, logit);
  float sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    probabilities[i] = std::exp(logits[i] - largest);
    sum += probabilities[i];
  }
  for (auto& probability : probabilities) probability /= sum;
  return std::isfinite(sum);
}

/// Whether every class's box of this region is finite. Moderate numbers cannot leave the range of f32 (a box
/// moves by delta * side and grows at most 62.5-fold), so only wild ones are worth the 2 * C exponentials of
/// decoding them.
bool all_boxes_finite(const Box& region, std::span<const float> deltas, const BoxDeltaWeights& weights) {
  const float smallest_weight = std::min({std::abs(weights[0]), std::abs(weights[1]), 1.F});
  const float most = 1e9F * smallest_weight;
  bool moderate = std::abs(region.x0) < most && std::abs(region.y0) < most && std::abs(region.x1) < most &&
                  std::abs(region.y1) < most;
  for (const auto delta : deltas) moderate &= std::abs(delta) < most;  // False for NaN
  if (moderate) return true;
  for (std::size_t at = 0; at < deltas.size(); at += 4) {
    const auto box = apply_deltas(region, deltas.subspan(at).first<4>(), weights);
    if (!(std::isfinite(box.x0) && std::isfinite(box.y0) && std::isfinite(box.x1) && std::isfinite(box.y1))) {
      return false;
    }
  }
  return true;
}

Candidates find_candidates(std::span<const float> class_logits, std::span<const float> box_deltas,
                           std::span<const Proposal> proposals, const DetectionParams& params,
                           const Sizes& sizes, float width, float height) {
  Candidates found;
  std::vector<float> probabilities(sizes.classes + 1);
  for (std::size_t region = 0; region < proposals.size(); ++region) {
    const auto logits = class_logits.subspan(region * (sizes.classes + 1), sizes.classes + 1);
    const auto deltas = box_deltas.subspan(region * sizes.box_classes * 4, sizes.box_classes * 4);
    const auto& anchor = proposals[region].box;
    if (!softmax(logits, probabilities) || !all_boxes_finite(anchor, deltas, params.delta_weights)) continue;
    for (std::size_t label = 0; label < sizes.classes; ++label) {
      if (!(probabilities[label] > params.score_threshold)) continue;
      const auto own = deltas.subspan(params.class_agnostic ? 0 : 4 * label).first<4>();
      found.boxes.push_back(clip(apply_deltas(anchor, own, params.delta_weights), width, height));
      found.scores.push_back(probabilities[label]);
      found.labels.push_back(static_cast<int>(label));
      found.regions.push_back(static_cast<int>(region));
    }
  }
  return found;
}

}  // namespace

std::vector<Detection> find_detections(std::span<const float> class_logits, std::span<const float> box_deltas,
                                       std::span<const Proposal> proposals, const DetectionParams& params,
                                       float width, float height) {
  const auto sizes = checked_sizes(class_logits, box_deltas, proposals.size(), params);
  const auto found = find_candidates(class_logits, box_deltas, proposals, params, sizes, width, height);
  const auto limit = params.max_detections < 0 ? kNoLimit : static_cast<std::size_t>(params.max_detections);
  std::vector<Detection> detections;
  for (const auto index : batched_nms(found.boxes, found.scores, found.labels, params.nms_threshold, limit)) {
    const auto i = static_cast<std::size_t>(index);
    detections.push_back({found.boxes[i], found.scores[i], found.labels[i], found.regions[i], {}, {}});
  }
  return detections;
}

std::vector<Detection> scale_detections(std::vector<Detection>& detections, float scale_x, float scale_y,
                                        float image_width, float image_height) {
  std::vector<Detection> scaled;
  scaled.reserve(detections.size());
  std::erase_if(detections, [&](const Detection& detection) {
    auto moved = detection;
    const auto& box = detection.box;
    moved.box = clip({box.x0 * scale_x, box.y0 * scale_y, box.x1 * scale_x, box.y1 * scale_y}, image_width,
                     image_height);
    const bool empty = !(moved.box.width() > 0 && moved.box.height() > 0);
    if (!empty) scaled.push_back(std::move(moved));
    return empty;
  });
  return scaled;
}

}  // namespace rcnn::engine
