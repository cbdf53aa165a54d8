// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "engine/ops/winograd/blocking.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::tests {

/// Sizes that go wrong easily: one cell, whole tiles, ragged ones, one row, tiles that fill no panel, two
/// blocks of tiles, channels that fill half a panel, two images.
inline std::vector<engine::winograd::Problem> winograd_problems() {
  struct Sizes {
    std::size_t batch, in, out, height, width;
  };
  std::vector<engine::winograd::Problem> problems;
  for (const std::size_t block : {8, 16}) {
    const Sizes sizes[] = {{1, block, block, 1, 1},         {1, block, 3 * block, 4, 8},
                           {1, 2 * block, 2 * block, 5, 7}, {1, block, 2 * block, 1, 31},
                           {1, 3 * block, block, 33, 47},   {2, block, 2 * block, 6, 3}};
    for (const auto& s : sizes) {
      for (const auto variant : {engine::winograd::Variant::kF2x2, engine::winograd::Variant::kF4x4}) {
        engine::winograd::Problem problem;
        problem.variant = variant;
        problem.batch = s.batch;
        problem.in_channels = s.in;
        problem.out_channels = s.out;
        problem.height = s.height;
        problem.width = s.width;
        problem.block = block;
        problems.push_back(problem);
      }
    }
  }
  return problems;
}

inline std::string describe(const engine::winograd::Problem& p) {
  return to_string(p.variant) + " " + std::to_string(p.batch) + "x" + std::to_string(p.in_channels) + "->" +
         std::to_string(p.out_channels) + " " + std::to_string(p.height) + "x" + std::to_string(p.width) +
         " blocks of " + std::to_string(p.block);
}

/// Where a tile begins.
struct TilePlace {
  std::size_t image, top, left;
};
inline TilePlace place_of(const engine::winograd::Problem& problem, std::size_t tile) {
  const engine::winograd::Blocking blocking(problem);
  const auto size = engine::winograd::tile_size(problem.variant);
  const auto in_image = tile % (blocking.tile_rows * blocking.tile_columns);
  return {tile / (blocking.tile_rows * blocking.tile_columns), in_image / blocking.tile_columns * size,
          in_image % blocking.tile_columns * size};
}

/// Index of a value in [N][C / block][H][W][block].
inline std::size_t blocked_index(const engine::winograd::Problem& p, std::size_t channels, std::size_t image,
                                 std::size_t channel, std::size_t y, std::size_t x) {
  const auto plane = image * channels / p.block + channel / p.block;
  return ((plane * p.height + y) * p.width + x) * p.block + channel % p.block;
}

}  // namespace rcnn::tests
