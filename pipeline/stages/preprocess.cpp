// SPDX-License-Identifier: MIT
#include "engine/image/resize.hpp"
#include "pipeline/parallel.hpp"
#include "pipeline/stages.hpp"

namespace rcnn::pipeline {
namespace {

constexpr int kSizeDivisor = 32;  // Detectron2 pads to FPN's size divisibility.
// Bands of rows large enough that the source rows two neighbours both read do not matter.
constexpr std::size_t kRowsPerPiece = 64;

}  // namespace

void run_preprocess(Frame& frame, const engine::ImageView& pixels) {
  frame.claim(StageId::kPreprocess);
  const auto& session = *frame.session;
  frame.image_size = {pixels.width, pixels.height};
  frame.network_size = engine::network_size(session.input_spec(), frame.image_size);
  const auto padded = engine::padded_size(frame.network_size, kSizeDivisor);
  frame.geometry = session.geometry(padded);
  const auto resizer = session.resizer(frame.image_size, frame.network_size);
  session.provide(*frame.geometry, frame.max_in_flight());
  auto image = session.acquire(frame.geometry->image_program->inputs());
  const auto normalization = session.normalization();
  parallel_ranges(static_cast<std::size_t>(padded.height), kRowsPerPiece,
                  [&](std::size_t begin, std::size_t end) {
                    resizer->network_rows(pixels, normalization, static_cast<int>(begin),
                                          static_cast<int>(end), image->at(0));
                  });
  frame.image = std::move(image);
}

}  // namespace rcnn::pipeline
