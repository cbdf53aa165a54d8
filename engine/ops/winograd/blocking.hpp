// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace rcnn::engine::winograd {

// Thread safety: functions are reentrant, const methods thread-safe.

/// F(2x2, 3x3) or F(4x4, 3x3): 4 or 16 outputs from 16 or 36 products, where the definition takes 36 or 144.
enum class Variant : std::uint8_t { kF2x2, kF4x4 };

/// "F(2x2,3x3)", "F(4x4,3x3)".
std::string to_string(Variant variant);

/// Outputs a tile has per side: 2 or 4.
constexpr std::size_t tile_size(Variant variant) { return variant == Variant::kF2x2 ? 2 : 4; }
/// Inputs a tile reads per side, which are also the products it takes per side: 4 or 6.
constexpr std::size_t patch_size(Variant variant) { return tile_size(variant) + 2; }

/// A 3x3 convolution of stride 1 and padding 1 over [N, C, H, W] in blocks of 8 or 16 channels
/// (Layout::kBlocked8, kBlocked16), input and output alike.
struct Problem {
  Variant variant = Variant::kF4x4;
  std::size_t batch = 1;
  std::size_t in_channels = 0;   ///< A multiple of block
  std::size_t out_channels = 0;  ///< A multiple of block
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t block = 8;  ///< 8 or 16
  bool sum = false;       ///< Adds what the output holds already
  bool relu = false;
  bool round = false;       ///< Transformed inputs and weights are rounded to bf16
  std::size_t threads = 1;  ///< That share the blocks of tiles. The result does not depend on it, bit for bit
};

/// How a problem is cut so that what is worked on stays in the caches. Tiles are counted row by row, image by
/// image. A block of tiles goes through all three steps (input transform, products, output transform) before
/// the next one begins; blocks do not depend on each other. All arrays are f32, all strides count floats.
///
///   weights   [point][out panel][C][panel width]            transformed once
///   patches   [point][tile panel][C / block][kPanelTiles][block]   one block of tiles, transformed inputs
///   products  [point][out panel][tile][panel width]         one block of tiles
struct Blocking {
  static constexpr std::size_t kPanelTiles =
      6;  ///< Times two registers of channels: 12 sums fill the registers

  explicit Blocking(const Problem& problem);

  std::size_t points;     ///< Products of a tile: 16 or 36
  std::size_t tile_rows;  ///< Of one image
  std::size_t tile_columns;
  std::size_t tiles;        ///< Of the whole batch
  std::size_t block_tiles;  ///< Tiles in a block; the last block may have fewer
  std::size_t blocks;
  std::size_t panel_width;     ///< Output channels side by side in a panel: two blocks
  std::size_t panels;          ///< ceil(K / panel width); the last may be half empty, with zero weights
  std::size_t patch_stride;    ///< From point to point in `patches`
  std::size_t product_stride;  ///< From point to point in `products`
  std::size_t weight_stride;   ///< From point to point in `weights`

  std::size_t weight_floats() const { return points * weight_stride; }
  /// Of one thread.
  std::size_t scratch_floats() const { return points * (patch_stride + product_stride); }
};

/// Tiles [first, first + count) of a problem.
struct TileRange {
  std::size_t first = 0;
  std::size_t count = 0;
};

}  // namespace rcnn::engine::winograd
