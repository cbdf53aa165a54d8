// SPDX-License-Identifier: MIT
#include "engine/rcnn/mask_paste.hpp"

#include <utility>

#include "pipeline/parallel.hpp"
#include "pipeline/stages.hpp"

namespace rcnn::pipeline {

void run_mask_paste(Frame& frame) {
  if (!frame.mask_outputs) return;
  constexpr std::size_t kMasksPerPiece = 8;            // Some 20 us each
  const auto outputs = std::move(frame.mask_outputs);  // Given back at the end.
  const auto& tensor = std::as_const(outputs->at(0));
  const auto side = static_cast<int>(tensor.shape().at(1));
  const auto cells = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  parallel_ranges(frame.detections.size(), kMasksPerPiece, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      auto& detection = frame.detections[i];
      detection.mask = engine::paste_mask(tensor.values<float>().subspan(i * cells, cells), side,
                                          detection.box, frame.image_size.width, frame.image_size.height);
    }
  });
}

}  // namespace rcnn::pipeline
