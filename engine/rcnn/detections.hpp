// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "engine/rcnn/box.hpp"
#include "engine/rcnn/box_deltas.hpp"

namespace rcnn::engine {

struct DetectionParams {
  int class_count = 80;
  bool class_agnostic = false;    ///< Box deltas are [R, 4] instead of [R, 4 * class_count].
  float score_threshold = 0.05f;  ///< Strict: score > threshold.
  float nms_threshold = 0.5f;
  int max_detections = 100;
  BoxDeltaWeights delta_weights{10.f, 10.f, 5.f, 5.f};
};

/// From the box head's outputs to detections in the network's frame, best first.
///
///   class_logits  [R, class_count + 1]  background last; softmax is taken here
///   box_deltas    [R, 4 * class_count]  or [R, 4] if class_agnostic
///   proposals     [R]                   network-input pixels
///   width, height                       unpadded network input
///
/// A region with any non-finite box or score is dropped. Matches Detectron2 fast_rcnn_inference_single_image.
/// Thread safety: reentrant. \throws ShapeError if sizes disagree.
std::vector<Detection> find_detections(std::span<const float> class_logits, std::span<const float> box_deltas,
                                       std::span<const Proposal> proposals, const DetectionParams& params,
                                       float width, float height);

/// Network frame -> image frame: scales, clips to the image, drops empty boxes (Detectron2
/// detector_postprocess). Those are dropped from `detections` as well, so that both stay side by side.
/// Thread safety: reentrant.
std::vector<Detection> scale_detections(std::vector<Detection>& detections, float scale_x, float scale_y,
                                        float image_width, float image_height);

}  // namespace rcnn::engine
