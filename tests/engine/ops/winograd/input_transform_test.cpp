// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <limits>

#include "engine/ops/winograd/kernels.hpp"
#include "tests/engine/ops/winograd/problems.hpp"
#include "tests/engine/ops/winograd/toom_cook.hpp"
#include "tests/support/instruction_sets.hpp"
#include "tests/support/operator_cases.hpp"

namespace rcnn::engine::winograd {
namespace {

/// The cells under a tile and one around it; zeros outside the image.
tests::Matrix cells_of(const Problem& problem, std::span<const float> source, std::size_t tile,
                       std::size_t channel) {
  const auto size = patch_size(problem.variant);
  const auto place = tests::place_of(problem, tile);
  tests::Matrix cells(size, std::vector<double>(size));
  for (std::size_t y = 0; y < size; ++y) {
    for (std::size_t x = 0; x < size; ++x) {
      const auto row = place.top + y, column = place.left + x;  // Plus one
      if (row < 1 || column < 1 || row > problem.height || column > problem.width) continue;
      cells[y][x] = source[tests::blocked_index(problem, problem.in_channels, place.image, channel, row - 1,
                                                column - 1)];
    }
  }
  return cells;
}

TEST(WinogradInput, IsItsDefinitionWithEveryInstructionSet) {
  for (const auto& problem : tests::winograd_problems()) {
    SCOPED_TRACE(tests::describe(problem));
    const Blocking blocking(problem);
    const auto matrix = tests::input_matrix(problem.variant);
    const auto size = patch_size(problem.variant);
    const auto source =
        tests::random_values(problem.batch * problem.in_channels * problem.height * problem.width, 5);
    const TileRange tiles{blocking.tiles / 2, std::min(blocking.tiles - blocking.tiles / 2, std::size_t{8})};
    tests::with_each_instruction_set([&] {
      std::vector<float> patches(blocking.points * blocking.patch_stride,
                                 std::numeric_limits<float>::quiet_NaN());
      transform_input(problem, blocking, tiles, source.data(), patches.data());
      for (std::size_t i = 0; i < tiles.count; ++i) {
        for (std::size_t channel = 0; channel < problem.in_channels; ++channel) {
          const auto expected = tests::sandwich(matrix, cells_of(problem, source, tiles.first + i, channel));
          const auto panel =
              i / Blocking::kPanelTiles * (problem.in_channels / problem.block) + channel / problem.block;
          const auto at = (panel * Blocking::kPanelTiles + i % Blocking::kPanelTiles) * problem.block +
                          channel % problem.block;
          for (std::size_t point = 0; point < blocking.points; ++point) {
            ASSERT_NEAR(patches[point * blocking.patch_stride + at], expected[point / size][point % size],
                        1e-5)
                << "tile " << i << ", channel " << channel << ", point " << point;
          }
        }
      }
    });
  }
}

}  // namespace
}  // namespace rcnn::engine::winograd
