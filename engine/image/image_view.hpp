// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// Pixels, unless the holder says otherwise.
struct Size {
  int width = 0;
  int height = 0;
  bool operator==(const Size&) const = default;
};

/// Byte order of one pixel in memory; x is an ignored byte.
enum class PixelFormat : std::uint8_t {
  kRgb,
  kBgr,
  kRgbx,
  kBgrx,
  kYuv420  ///< One byte of luma; colour has planes of its own, of half the width and height (ChromaPlanes)
};

/// What luma and chroma stand for: Y = kr R + (1 - kr - kb) G + kb B, U and V the differences B - Y and R - Y
/// scaled to one byte around 128. Source: ITU-R BT.601, BT.709, BT.2020, which differ in kr and kb.
struct YuvEncoding {
  double kr = 0.299;
  double kb = 0.114;
  bool full_range = false;  ///< Y in 0..255, not 16..235; U and V in 0..255, not 16..240
};

/// Where, along one axis, the samples of colour lie between the pixels: what a pixel's colour is made of.
enum class ChromaSite : std::uint8_t {
  kNearest,  ///< Not said: both pixels have the sample's colour
  kCentred,  ///< Between two pixels: three parts of the nearer sample, one of the next
  kCosited   ///< On every second pixel; those between have the mean of both neighbours
};

/// The colour of a YUV 4:2:0 picture; borrowed.
struct ChromaPlanes {
  const std::uint8_t* u = nullptr;  ///< The picture's first sample, as `v`
  const std::uint8_t* v = nullptr;
  std::ptrdiff_t u_stride = 0;  ///< Bytes from row to row
  std::ptrdiff_t v_stride = 0;
  std::ptrdiff_t step = 1;  ///< Bytes from sample to sample: 1 in planes of their own, 2 with v = u + 1
  Size picture = {};        ///< Pixels of the whole picture, of which the view may be a part
  int left = 0;             ///< The view's first column in the picture
  int top = 0;              ///< Its first row
  ChromaSite horizontal = ChromaSite::kCentred;
  ChromaSite vertical = ChromaSite::kCentred;  ///< kCentred or kNearest
  bool interlaced = false;                     ///< Rows of chroma belong to the two fields in turn
  YuvEncoding encoding = {};
};

/// The row of chroma that has the colour of a row of pixels, 0 or more.
int chroma_row(int line, bool interlaced);

/// How many rows of chroma a picture has. Those of two fields come in pairs, of which one line over may want
/// the first only, two and three both.
int chroma_rows(int height, bool interlaced);

/// Borrowed pixels, top row first.
struct ImageView {
  const std::uint8_t* data = nullptr;  ///< First pixel; of luma for kYuv420
  int width = 0;
  int height = 0;
  std::ptrdiff_t stride = 0;  ///< Bytes from row to row; may exceed width * pixel bytes.
  PixelFormat format = PixelFormat::kBgr;
  ChromaPlanes chroma = {};  ///< For kYuv420
};

/// Bytes from pixel to pixel of `data`: of kYuv420 those of luma, 1.
std::ptrdiff_t pixel_bytes(PixelFormat format);

/// A part of `image`, which has to hold it: the pixel (left, top) and `size` from there. Of kYuv420, colour
/// at its edges still comes from the whole picture.
ImageView part_of(const ImageView& image, int left, int top, Size size);

}  // namespace rcnn::engine
