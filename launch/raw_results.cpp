// SPDX-License-Identifier: MIT
#include "launch/raw_results.hpp"

#include <utility>

#include "engine/rcnn/keypoints.hpp"

namespace rcnn::launch {
namespace {

/// What the detail head wrote for the frame's detections, without the rows that only fill the bucket.
std::span<const float> detail_values(const pipeline::Frame& frame) {
  if (!frame.detail_outputs) return {};
  const auto& tensor = std::as_const(frame.detail_outputs->at(0));
  const auto values = tensor.values<float>();
  return values.first(values.size() / static_cast<std::size_t>(tensor.shape().at(0)) *
                      frame.detections.size());
}

/// \param heatmaps  [detections, count, side, side]
std::vector<std::vector<engine::Keypoint>> find_all(std::span<const float> heatmaps, int count, int side,
                                                    const std::vector<engine::Box>& boxes) {
  std::vector<std::vector<engine::Keypoint>> found;
  if (heatmaps.empty()) return found;
  const auto row = heatmaps.size() / boxes.size();
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    found.push_back(engine::find_keypoints(heatmaps.subspan(i * row, row), count, side, boxes[i]));
  }
  return found;
}

}  // namespace

engine::RawResult raw_result(const pipeline::Frame& frame) {
  const auto& config = frame.session->config();
  engine::RawResult raw{frame.network_size, frame.geometry->padded, frame.network_boxes};
  const auto values = detail_values(frame);
  if (config.mask_on) {
    raw.mask_side = 2 * config.mask_head.pooler_resolution;
    raw.mask_probabilities.assign(values.begin(), values.end());
  }
  if (config.keypoint_on) {
    const auto& head = config.keypoint_head;
    raw.heatmap_side = 4 * head.pooler_resolution;
    raw.keypoints = find_all(values, head.num_keypoints, raw.heatmap_side, frame.network_boxes);
    raw.keypoint_heatmaps.assign(values.begin(), values.end());
  }
  return raw;
}

}  // namespace rcnn::launch
