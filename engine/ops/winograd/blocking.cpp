// SPDX-License-Identifier: MIT
#include "engine/ops/winograd/blocking.hpp"

namespace rcnn::engine::winograd {
namespace {

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

/// A stride that is an odd number of cache lines: the same place of all points then falls into as many sets
/// of a cache as there are points, where a power of two would put them all into one.
std::size_t spread(std::size_t floats) {
  constexpr std::size_t kLine = 16;
  return (divide_up(floats, kLine) | 1) * kLine;
}

/// As many as let the weights, which every block reads anew, cost little, and equally many in all blocks (of
/// all threads). Zen 3, 256 -> 256 channels at 50x50: 214, 242, 264 effective GFLOP/s with at most 24,
/// 48, 96.
std::size_t choose_block_tiles(std::size_t tiles, std::size_t threads) {
  constexpr std::size_t kMost = 96;
  const auto blocks = divide_up(tiles, kMost * threads) * threads;
  return divide_up(divide_up(tiles, blocks), Blocking::kPanelTiles) * Blocking::kPanelTiles;
}

}  // namespace

std::string to_string(Variant variant) { return variant == Variant::kF2x2 ? "F(2x2,3x3)" : "F(4x4,3x3)"; }

Blocking::Blocking(const Problem& problem)
    : points(patch_size(problem.variant) * patch_size(problem.variant)),
      tile_rows(divide_up(problem.height, tile_size(problem.variant))),
      tile_columns(divide_up(problem.width, tile_size(problem.variant))),
      tiles(problem.batch * tile_rows * tile_columns),
      block_tiles(choose_block_tiles(tiles, problem.threads)),
      blocks(divide_up(tiles, block_tiles)),
      panel_width(2 * problem.block),
      panels(divide_up(problem.out_channels, panel_width)),
      patch_stride(spread(block_tiles * problem.in_channels)),
      product_stride(spread(panels * block_tiles * panel_width)),
      weight_stride(panels * problem.in_channels * panel_width) {}

}  // namespace rcnn::engine::winograd
