// SPDX-License-Identifier: MIT
#include "engine/ops/winograd/bf16.hpp"

namespace rcnn::engine::winograd {
namespace {

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

/// A stride that is an odd number of cache lines: the same place of all points then falls into as many sets
/// of a cache as there are points.
std::size_t spread(std::size_t elements, std::size_t line) { return (divide_up(elements, line) | 1) * line; }

/// Few enough for patches and products to stay in the second-level cache (256 channels: 440 and 220 KB),
/// enough for the weights, which every block reads anew, to come in time. Equally many in all blocks. From 16
/// to 96 the speed hardly differs (Zen 5).
std::size_t choose_block_tiles(std::size_t tiles, std::size_t threads) {
  constexpr std::size_t kMost = 24;
  const auto blocks = divide_up(tiles, kMost * threads) * threads;
  return divide_up(tiles, blocks);
}

}  // namespace

Bf16Blocking::Bf16Blocking(const Bf16Problem& problem)
    : points(patch_size(problem.variant) * patch_size(problem.variant)),
      tile_rows(divide_up(problem.height, tile_size(problem.variant))),
      tile_columns(divide_up(problem.width, tile_size(problem.variant))),
      tiles(problem.batch * tile_rows * tile_columns),
      block_tiles(choose_block_tiles(tiles, problem.threads)),
      blocks(divide_up(tiles, block_tiles)),
      channels(divide_up(problem.in_channels, 32) * 32),
      panels(divide_up(problem.out_channels, kPanelWidth)),
      patch_stride(spread(block_tiles * channels, 32)),
      product_stride(spread(block_tiles * kPanelWidth, 16)),
      panel_weights(points * channels * kPanelWidth) {}

}  // namespace rcnn::engine::winograd
