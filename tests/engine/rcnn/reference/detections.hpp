// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "engine/rcnn/detections.hpp"
#include "tests/engine/rcnn/reference/box_deltas.hpp"
#include "tests/engine/rcnn/reference/nms.hpp"

namespace rcnn::tests {

/// In double.
inline std::vector<double> slow_softmax(std::span<const float> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit - largest);
  std::vector<double> probabilities;
  for (const double logit : logits) probabilities.push_back(std::exp(logit - largest) / sum);
  return probabilities;
}

/// The slow twin: Detectron2's fast_rcnn_inference_single_image, step by step. Every class's box of every
/// region is decoded (in f32, see slow_decode), probabilities are taken in double, all candidates are sorted.
inline std::vector<engine::Detection> slow_detections(std::span<const float> class_logits,
                                                      std::span<const float> box_deltas,
                                                      std::span<const engine::Proposal> proposals,
                                                      const engine::DetectionParams& params, double threshold,
                                                      float width, float height) {
  const auto classes = static_cast<std::size_t>(params.class_count);
  const auto box_classes = params.class_agnostic ? 1 : classes;
  std::vector<engine::Detection> all;
  for (std::size_t r = 0; r < proposals.size(); ++r) {
    bool finite = true;
    std::vector<engine::Box> boxes(box_classes);
    for (std::size_t c = 0; c < box_classes; ++c) {
      finite &= slow_clipped(proposals[r].box, box_deltas.subspan((r * box_classes + c) * 4).first<4>(),
                             params.delta_weights, width, height, boxes[c]);
    }
    const auto scores = slow_softmax(class_logits.subspan(r * (classes + 1), classes + 1));
    for (const auto score : scores) finite &= std::isfinite(score);
    if (!finite) continue;
    for (std::size_t c = 0; c < classes; ++c) {
      if (scores[c] <= static_cast<double>(params.score_threshold)) continue;
      all.push_back({boxes[params.class_agnostic ? 0 : c],
                     static_cast<float>(scores[c]),
                     static_cast<int>(c),
                     static_cast<int>(r),
                     {},
                     {}});
    }
  }
  std::vector<engine::Box> boxes;
  std::vector<float> scores;
  std::vector<int> labels;
  for (const auto& each : all) {
    boxes.push_back(each.box);
    scores.push_back(each.score);
    labels.push_back(each.label);
  }
  std::vector<engine::Detection> kept;
  for (const int index : slow_batched_nms(boxes, scores, labels, threshold)) {
    if (params.max_detections >= 0 && kept.size() == static_cast<std::size_t>(params.max_detections)) break;
    kept.push_back(all[static_cast<std::size_t>(index)]);
  }
  return kept;
}

}  // namespace rcnn::tests
