// SPDX-License-Identifier: MIT
#include <utility>

#include "engine/errors.hpp"
#include "engine/rcnn/detections.hpp"
#include "pipeline/stages.hpp"
#include "pipeline/stages/detail_pooling.hpp"

namespace rcnn::pipeline {

void run_postprocess(Frame& frame, float score_threshold) {
  frame.claim(StageId::kPostprocess);
  frame.detections.clear();
  const auto backbone = std::move(frame.backbone);  // With a detail head; given back at the end.
  if (frame.proposals.empty()) return;
  if (!frame.box_outputs)
    throw engine::Error("'postprocess-overlay' got a frame without logits: its box head failed");
  const auto outputs = std::move(frame.box_outputs);  // Given back at the end.

  auto params = frame.session->detection_params();
  if (score_threshold >= 0) params.score_threshold = score_threshold;
  const auto regions = frame.proposals.size();
  const auto rows_of = [&](std::size_t output) {  // Without the rows that only fill the bucket.
    const auto& tensor = std::as_const(outputs->at(output));
    return tensor.values<float>().first(regions * static_cast<std::size_t>(tensor.shape().at(1)));
  };
  const auto width = static_cast<float>(frame.network_size.width);
  const auto height = static_cast<float>(frame.network_size.height);
  auto found = engine::find_detections(rows_of(0), rows_of(1), frame.proposals, params, width, height);
  const auto image_width = static_cast<float>(frame.image_size.width);
  const auto image_height = static_cast<float>(frame.image_size.height);
  frame.detections =
      engine::scale_detections(found, image_width / width, image_height / height, image_width, image_height);
  frame.network_boxes.clear();
  for (const auto& detection : found) frame.network_boxes.push_back(detection.box);
  if (backbone) frame.detail_inputs = pool_for_details(*frame.session, *backbone, found);
}

}  // namespace rcnn::pipeline
