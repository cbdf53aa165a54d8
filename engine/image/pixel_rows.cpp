// SPDX-License-Identifier: MIT
#include "engine/image/pixel_rows.hpp"

#include "engine/image/row_kernels.hpp"

namespace rcnn::engine {

PixelRows::PixelRows(const ImageView& image) : image_(image) {
  if (image.format != PixelFormat::kYuv420) return;
  chroma_.emplace(image);
  weights_ = yuv_weights(image.chroma.encoding);
}

void PixelRows::read(int y, std::uint8_t* target) {
  const auto* source = image_.data + y * image_.stride;
  const auto width = static_cast<std::size_t>(image_.width);
  if (chroma_) {
    const auto [u, v] = chroma_->row(y);
    yuv_to_bgrx(source, u, v, width, weights_, target);
    return;
  }
  widen_pixels(source, width, static_cast<std::size_t>(pixel_bytes(image_.format)), target);
}

}  // namespace rcnn::engine
