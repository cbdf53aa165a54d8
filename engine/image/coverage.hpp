// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rcnn::engine {

/// A byte a pixel of an area, with room around it in which the operators below may read and write.
/// Thread safety: const methods are thread-safe.
class CoverageMap {
 public:
  /// All zero. `border`: pixels around the area that are there, too.
  CoverageMap(int width, int height, int border);

  int width() const { return width_; }
  int height() const { return height_; }
  int border() const { return border_; }
  std::size_t stride() const { return stride_; }
  /// \param y  -border .. height + border - 1
  std::uint8_t* row(int y) { return bytes_.data() + offset(y); }
  const std::uint8_t* row(int y) const { return bytes_.data() + offset(y); }

 private:
  std::size_t offset(int y) const {
    return static_cast<std::size_t>(y + border_) * stride_ + static_cast<std::size_t>(border_);
  }

  int width_;
  int height_;
  int border_;
  std::size_t stride_;
  std::vector<std::uint8_t> bytes_;
};

/// The pixels on both sides of where a shape ends.
///
///   inside  bytes 0 or 255; what lies in the border counts, what lies beyond is never looked at
///   reach   1 .. inside.border(); a pixel is an edge where the square of 2 * reach + 1 around it holds both
///   edges   as large as `inside`: 255 on edges, else 0; its border is left with anything
///
/// Thread safety: reentrant. \throws ShapeError if `reach` is out of range or the sizes differ.
void find_edges(const CoverageMap& inside, int reach, CoverageMap& edges);

/// Mean of each two by two, rounded.
///
///   top, bottom  [2 * n]
///   means        [n]
///
/// Thread safety: reentrant.
void halve_rows(std::span<const std::uint8_t> top, std::span<const std::uint8_t> bottom,
                std::span<std::uint8_t> means);

/// How much of a colour a pixel gets, in 255ths, for its byte of coverage.
struct Blend {
  int least = -1;   ///< From here on `share`, below it nothing; -1: the byte itself
  int share = 255;  ///< 0..255
};

/// (share * color + (255 - share) * row[i]) / 255, rounded to the nearest.
///
///   row       [pixels * channels]
///   coverage  [pixels]
///   color     [channels], 1 to 4
///
/// Thread safety: reentrant. \throws ShapeError if the lengths do not fit.
void blend_row(std::span<std::uint8_t> row, std::span<const std::uint8_t> coverage,
               std::span<const std::uint8_t> color, Blend how);

}  // namespace rcnn::engine
