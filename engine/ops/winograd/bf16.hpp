// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/ops/element.hpp"
#include "engine/ops/winograd/blocking.hpp"

namespace rcnn::engine::winograd {

/// A 3x3 convolution of stride 1 and padding 1 whose products are of bf16 and summed in f32.
///
///   result = round_or_not(relu_or_not(scale * sums + bias + summand_scale * what the output holds))
///
/// Transforms are computed in f32; transformed inputs are rounded to bf16, ties to even, and so is a result
/// in bf16; transformed weights as joint_rounding.hpp has it. Integers are rounded to the nearest and
/// saturate.
struct Bf16Problem {
  Variant variant = Variant::kF4x4;
  std::size_t batch = 1;
  std::size_t in_channels = 0;   ///< A multiple of 16
  std::size_t out_channels = 0;  ///< A multiple of 16
  std::size_t height = 0;
  std::size_t width = 0;
  Element source = Element::kBf16;
  Element destination = Element::kBf16;
  Element summand = Element::kBf16;  ///< What the output holds before; of the destination's size
  MapStrides source_strides{};
  MapStrides destination_strides{};
  bool sum = false;
  bool relu = false;
  float scale = 1;          ///< Step of the source over step of the destination
  float summand_scale = 1;  ///< Step of the summand over step of the destination
  std::size_t threads = 1;  ///< That share the blocks of tiles. The result does not depend on it, bit for bit
};

/// How such a problem is cut. Of a block of tiles all inputs are transformed first; then, 64 output channels
/// at a time, products and output transform. Strides count elements.
///
///   weights   bf16 [panel][point][C / 2][64 output channels][2 input channels]    transformed once
///   patches   bf16 [point][tile][C]                                               one block of tiles
///   products  f32  [point][tile][64]                                              one block, one panel
///
/// Channels are padded with zeros, C to a multiple of 32, output channels to one of 64.
struct Bf16Blocking {
  static constexpr std::size_t kPanelWidth = 64;
  static constexpr std::size_t kPanelTiles =
      6;  ///< Times four registers of channels: 24 sums, 4 weights, 1 value

  explicit Bf16Blocking(const Bf16Problem& problem);

  std::size_t points;
  std::size_t tile_rows;  ///< Of one image
  std::size_t tile_columns;
  std::size_t tiles;        ///< Of the whole batch
  std::size_t block_tiles;  ///< Tiles in a block; the last block may have fewer
  std::size_t blocks;
  std::size_t channels;        ///< Input channels, padded
  std::size_t panels;          ///< Of output channels
  std::size_t patch_stride;    ///< From point to point in `patches`
  std::size_t product_stride;  ///< From point to point in `products`
  std::size_t panel_weights;   ///< From panel to panel in `weights`

  std::size_t weight_count() const { return panels * panel_weights; }
  /// Of one thread.
  std::size_t scratch_bytes() const {
    return points * (patch_stride * sizeof(std::uint16_t) + product_stride * sizeof(float));
  }
};

/// Whether this processor has what run_bf16() is made of: AVX-512 BF16. Thread safety: thread-safe.
bool can_run_bf16();

/// One block of tiles through all three steps. Only where can_run_bf16().
///   source       first element of the map; 32 bytes aligned
///   weights      Bf16Blocking's
///   bias         [K] f32 over the destination's step, or null
///   destination  first element of the map
///   scratch      blocking.scratch_bytes(), 64 bytes aligned
/// Thread safety: reentrant; blocks of one problem may run in parallel. Nothing is allocated.
void run_bf16(const Bf16Problem& problem, const Bf16Blocking& blocking, std::size_t block, const void* source,
              const std::uint16_t* weights, const float* bias, void* destination, void* scratch);

}  // namespace rcnn::engine::winograd
