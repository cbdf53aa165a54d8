// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/image/image_view.hpp"

namespace rcnn::engine {

/// The colour of a YUV 4:2:0 view at its full width, row by row, as GStreamer's videoconvert upsamples it:
/// first along the row, then between rows, each rounded to a byte. Of the interlaced, each field by itself;
/// rows that would come from beyond the picture come from its first or last one, whichever field that is.
///
/// Thread safety: reentrant.
class ChromaRows {
 public:
  /// `image` is kYuv420; what it borrows has to outlive this.
  explicit ChromaRows(const ImageView& image);

  /// A byte a pixel, each scratch as row_kernels.hpp has it; valid until the next call.
  struct Row {
    const std::uint8_t* u;
    const std::uint8_t* v;
  };
  /// `y` in the view. Neighbouring rows share work when asked for in order.
  Row row(int y);

 private:
  static constexpr int kKept = 4;  ///< Rows of chroma that a row may want, and those between them

  std::size_t wide(int row);
  void gather(int row);

  ChromaPlanes chroma_;
  int first_;          ///< Sample of the view's first pixel
  std::size_t count_;  ///< Samples that the view's pixels lie on
  std::size_t pitch_;
  std::array<int, kKept> kept_;           ///< Which row of chroma is where; -1: none
  std::vector<std::uint8_t> samples_[2];  ///< U and V of one row, the neighbour before and behind it
  std::vector<std::uint8_t> wide_;        ///< [kKept, 2, pitch]
  std::vector<std::uint8_t> blended_;     ///< [2, pitch]
};

}  // namespace rcnn::engine
