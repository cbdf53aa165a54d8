// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/image/image_view.hpp"

namespace rcnn::elements {

/// The colour of a YUV 4:2:0 picture to draw into: (width + 1) / 2 samples in engine::chroma_rows() rows.
struct PaintChroma {
  std::uint8_t* u = nullptr;
  std::uint8_t* v = nullptr;
  std::ptrdiff_t u_stride = 0;  ///< Bytes from row to row
  std::ptrdiff_t v_stride = 0;
  std::ptrdiff_t step = 1;  ///< Bytes from sample to sample: 1 in planes of their own, 2 with v = u + 1
  bool interlaced = false;  ///< Rows belong to the two fields in turn
  engine::YuvEncoding encoding = {};
};

/// Borrowed pixels to draw into, top row first.
struct PaintTarget {
  std::uint8_t* data = nullptr;  ///< First pixel; of luma for kYuv420
  int width = 0;
  int height = 0;
  std::ptrdiff_t stride = 0;  ///< Bytes from row to row; may exceed width * pixel bytes
  engine::PixelFormat format = engine::PixelFormat::kBgr;
  PaintChroma chroma = {};  ///< For kYuv420
};

}  // namespace rcnn::elements
