// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "engine/image/chroma_rows.hpp"
#include "engine/image/image_view.hpp"
#include "engine/image/yuv_kernels.hpp"

namespace rcnn::engine {

/// Rows of a picture of any format as pixels of 4 bytes, in the memory order of packed formats, B, G, R, x
/// for kYuv420. YUV is converted a row at a time, where the resize wants it: no whole picture in between.
///
/// Thread safety: reentrant.
class PixelRows {
 public:
  /// What `image` borrows has to outlive this.
  explicit PixelRows(const ImageView& image);

  /// Writes row `y`. For YUV, cheapest in rising order.
  ///   target  [image width, 4]  scratch as row_kernels.hpp has it
  void read(int y, std::uint8_t* target);

 private:
  ImageView image_;
  std::optional<ChromaRows> chroma_;
  YuvWeights weights_{};
};

}  // namespace rcnn::engine
