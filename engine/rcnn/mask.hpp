// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rcnn::engine {

/// Which pixels of a frame an object covers, as COCO stores it: lengths of runs down the columns, from the
/// top left pixel, of pixels outside, inside, outside, ... Their sum is width * height.
///
/// 3x2 pixels with the middle column inside: {2, 2, 2}; with the first one inside: {0, 2, 4}.
///
/// A few KiB for an object in 1080p, where the frame as bytes would be 2 MB.
struct Mask {
  int width = 0;  ///< Pixels of the frame
  int height = 0;
  std::vector<std::uint32_t>
      counts;  ///< Empty = there is no mask, which is not the same as a mask of nothing

  bool empty() const { return counts.empty(); }
  bool operator==(const Mask&) const = default;
};

/// Makes a mask of runs that come in order; neighbours of one kind become one run. Thread safety:
/// thread-bound.
class RunWriter {
 public:
  void add(std::size_t pixels, bool inside) {
    if (pixels == 0) return;
    if (inside != (counts_.size() % 2 == 0)) counts_.push_back(0);
    counts_.back() += static_cast<std::uint32_t>(pixels);
  }
  Mask take(int width, int height) { return {width, height, std::move(counts_)}; }

 private:
  std::vector<std::uint32_t> counts_{0};  ///< Odd length: the last run is outside
};

/// Calls span(x, y_begin, y_end) for the pixels inside, column by column from left to right, downwards.
/// Thread safety: reentrant.
template <typename Span>
void each_span(const Mask& mask, const Span& span) {
  const auto height = static_cast<std::size_t>(mask.height);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < mask.counts.size(); ++i) {
    const auto end = begin + mask.counts[i];
    while (i % 2 == 1 && begin < end) {
      const auto column = begin / height;
      const auto stop = std::min(end, (column + 1) * height);
      span(static_cast<int>(column), static_cast<int>(begin - column * height),
           static_cast<int>(stop - column * height));
      begin = stop;
    }
    begin = end;
  }
}

/// Where a picture lies in another one: x' = x * scale_x + offset_x, in continuous pixels, and y likewise.
struct ScaleMap {
  double scale_x = 1;
  double scale_y = 1;
  double offset_x = 0;
  double offset_y = 0;
};

/// The mask in a frame of width x height into which its own frame is scaled: each pixel there is inside where
/// the pixel of the old frame at its centre is. Scales must be positive. Thread safety: reentrant.
Mask scale_mask(const Mask& mask, const ScaleMap& placement, int width, int height);

}  // namespace rcnn::engine
