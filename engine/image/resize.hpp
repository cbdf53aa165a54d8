// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "engine/image/image_view.hpp"
#include "engine/image/interpolation.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

/// Detectron2 ResizeShortestEdge: int(x + 0.5) after both scalings. (480x640, 800, 1333) -> 800x1067.
/// Thread safety: reentrant. \throws ShapeError for an image without pixels
Size shortest_edge_size(Size image, int shortest, int longest);

/// Smallest size that holds `size` and whose sides are multiples of `divisor` (32 for FPN).
/// Thread safety: reentrant. \throws ShapeError for a divisor below 1
Size padded_size(Size size, int divisor);

/// How pixels become the network's input: (value - mean) / deviation, in the order of the network's channels.
struct Normalization {
  std::array<float, 3> mean{103.53f, 116.28f, 123.675f};  ///< B, G, R; R, G, B if `rgb`
  std::array<float, 3> deviation{1.f, 1.f, 1.f};
  bool rgb = false;  ///< True where the config says INPUT.FORMAT RGB: the network's first channel is red
};

/// A part of a resized picture.
struct Window {
  int left = 0;
  int top = 0;
  Size size = {};
};

/// Pillow's BILINEAR or BICUBIC resize of uint8 images, bit for bit: antialiased, one pass an axis (their
/// order is Pillow 13's, see vertical_pass_first), 22-bit fixed point, rounded to uint8 between the passes.
/// Sizes are fixed at construction. Equal sizes copy. Source: Pillow's Resample.c semantics.
///
/// Thread safety: reentrant once built (const methods, caller-owned outputs).
class Resizer {
 public:
  Resizer(Size source, Size target, Interpolation interpolation = Interpolation::kBilinear);
  /// Makes only what lies in `window` of that target, bit for bit, and takes time and memory for no more.
  /// What is called the target below is the window then. \throws ShapeError if it lies outside.
  Resizer(Size source, Size target, Interpolation interpolation, const Window& window);
  ~Resizer();
  Resizer(Resizer&&) noexcept;
  Resizer& operator=(Resizer&&) noexcept;

  Size source() const;
  Size target() const;

  /// Rows [begin, end) of the target as packed BGR bytes. Pictures of any format; YUV becomes BGR first, as
  /// PixelRows says.
  ///   output  [target.height, target.width, 3]; only the named rows are written
  /// \throws ShapeError if the image is not of the source size, or output too small.
  void resize_rows(const ImageView& image, int begin, int end, std::span<std::uint8_t> output) const;

  /// Rows [begin, end) of the network input: resized, normalised, zero to the right of the image and below
  /// it.
  ///   output  [1, 3, height, width], at least the target's size; f32, row-major, or as programs in narrow
  ///           products read it: channels last, bf16 or s8 or u8 in its step, the nearest (ties to even).
  ///           Only the named rows are written, so threads may share it
  /// \throws ShapeError if the image is not of the source size, or output of another form or too small.
  void network_rows(const ImageView& image, const Normalization& normalization, int begin, int end,
                    Tensor& output) const;

 private:
  struct Plan;
  std::unique_ptr<const Plan> plan_;
};

}  // namespace rcnn::engine
