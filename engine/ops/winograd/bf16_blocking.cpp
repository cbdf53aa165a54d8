// SPDX-License-Identifier: MIT
#include "engine/ops/winograd/bf16.hpp"

namespace rcnn::engine::winograd {
namespace {

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

/// A stride that is an odd number of cache lines: the same place of all points then falls into as many sets
/// of a cache as there are points.
std::size_t spread(std::size_t elements, std::size_t line) { return (divide_up(elements, line) | 1) * line; }

/// Few enough for patches and products to stay in the second-level cache (256 channels: 440 and 220 KB),
/// enough for the weights, which every block reads anew, to come in time. From 12 to 96 the speed differs by
/// a twentieth. But weights that fill the last-level cache (512 -> 512: 19 MB) should be read once or twice:
/// with two cores at work on 25x25 cells, Zen 5, 1040, 1150, 1280 effective GFLOP/s with at most 24, 48, 96.
std::size_t most_tiles(const Bf16Problem& problem) {
  constexpr std::size_t kManyWeights = std::size_t{8} << 20;
  const auto size = patch_size(problem.variant);
  const auto bytes = 2 * size * size * problem.in_channels * problem.out_channels;
  return bytes > kManyWeights ? 96 : 24;
}

/// Equally many in all blocks (of all threads).
std::size_t choose_block_tiles(std::size_t tiles, std::size_t most, std::size_t threads) {
  const auto blocks = divide_up(tiles, most * threads) * threads;
  return divide_up(tiles, blocks);
}

}  // namespace

Bf16Blocking::Bf16Blocking(const Bf16Problem& problem)
    : points(patch_size(problem.variant) * patch_size(problem.variant)),
      tile_rows(divide_up(problem.height, tile_size(problem.variant))),
      tile_columns(divide_up(problem.width, tile_size(problem.variant))),
      tiles(problem.batch * tile_rows * tile_columns),
      block_tiles(choose_block_tiles(tiles, most_tiles(problem), problem.threads)),
      blocks(divide_up(tiles, block_tiles)),
      channels(divide_up(problem.in_channels, 32) * 32),
      panels(divide_up(problem.out_channels, kPanelWidth)),
      patch_stride(spread(block_tiles * channels, 32)),
      product_stride(spread(block_tiles * kPanelWidth, 16)),
      panel_weights(points * channels * kPanelWidth) {}

}  // namespace rcnn::engine::winograd
