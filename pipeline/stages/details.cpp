// SPDX-License-Identifier: MIT
#include <utility>

#include "engine/rcnn/keypoints.hpp"
#include "engine/rcnn/mask_paste.hpp"
#include "pipeline/parallel.hpp"
#include "pipeline/stages.hpp"

namespace rcnn::pipeline {
namespace {

// 20 us a mask, half a millisecond and more the keypoints of one detection.
constexpr std::size_t kMasksPerPiece = 8;
constexpr std::size_t kDetectionsPerPiece = 1;

/// [most detections, side, side] probabilities.
void paste_masks(Frame& frame, const engine::Tensor& probabilities) {
  const auto side = static_cast<int>(probabilities.shape().at(1));
  const auto cells = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  const auto values = probabilities.values<float>();
  parallel_ranges(frame.detections.size(), kMasksPerPiece, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      auto& detection = frame.detections[i];
      detection.mask = engine::paste_mask(values.subspan(i * cells, cells), side, detection.box,
                                          frame.image_size.width, frame.image_size.height);
    }
  });
}

/// [most detections, keypoints, side, side] heatmaps; found in the network's frame, as Detectron2 does, then
/// scaled without clipping.
void place_keypoints(Frame& frame, const engine::Tensor& heatmaps) {
  const auto count = static_cast<int>(heatmaps.shape().at(1)),
             side = static_cast<int>(heatmaps.shape().at(2));
  const auto row =
      static_cast<std::size_t>(count) * static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  const auto values = heatmaps.values<float>();
  const float scale_x =
      static_cast<float>(frame.image_size.width) / static_cast<float>(frame.network_size.width);
  const float scale_y =
      static_cast<float>(frame.image_size.height) / static_cast<float>(frame.network_size.height);
  parallel_ranges(frame.detections.size(), kDetectionsPerPiece, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      auto& keypoints = frame.detections[i].keypoints;
      keypoints =
          engine::find_keypoints(values.subspan(i * row, row), count, side, frame.network_boxes.at(i));
      for (auto& keypoint : keypoints) {
        keypoint.x *= scale_x;
        keypoint.y *= scale_y;
      }
    }
  });
}

}  // namespace

void run_details(Frame& frame) {
  if (!frame.detail_outputs) return;
  const auto outputs = frame.detail_outputs;
  if (!frame.keep_detail_outputs) frame.detail_outputs.reset();  // Given back at the end.
  const auto& tensor = std::as_const(outputs->at(0));
  if (frame.session->config().mask_on) {
    paste_masks(frame, tensor);
  } else {
    place_keypoints(frame, tensor);
  }
}

}  // namespace rcnn::pipeline
