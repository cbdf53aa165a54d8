// SPDX-License-Identifier: MIT
#include "engine/image/image_view.hpp"

#include <algorithm>

namespace rcnn::engine {

std::ptrdiff_t pixel_bytes(PixelFormat format) {
  switch (format) {
    case PixelFormat::kRgb:
    case PixelFormat::kBgr:
      return 3;
    case PixelFormat::kRgbx:
    case PixelFormat::kBgrx:
      return 4;
    case PixelFormat::kYuv420:
      break;
  }
  return 1;
}

int chroma_row(int line, bool interlaced) { return interlaced ? line / 4 * 2 + line % 2 : line / 2; }

int chroma_rows(int height, bool interlaced) {
  return interlaced ? height / 4 * 2 + std::min(height % 4, 2) : (height + 1) / 2;
}

ImageView part_of(const ImageView& image, int left, int top, Size size) {
  ImageView part = image;
  part.data += top * image.stride + left * pixel_bytes(image.format);
  part.width = size.width;
  part.height = size.height;
  part.chroma.left += left;
  part.chroma.top += top;
  return part;
}

}  // namespace rcnn::engine
