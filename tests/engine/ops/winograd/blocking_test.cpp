// SPDX-License-Identifier: MIT
#include "engine/ops/winograd/blocking.hpp"

#include <gtest/gtest.h>

#include "tests/engine/ops/winograd/problems.hpp"

namespace rcnn::engine::winograd {
namespace {

TEST(WinogradBlocking, CountsTheTilesOfARaggedImage) {
  Problem problem;
  problem.in_channels = problem.out_channels = 64;
  problem.height = 25;
  problem.width = 33;
  const Blocking four(problem);
  EXPECT_EQ(four.tile_rows, 7U);
  EXPECT_EQ(four.tile_columns, 9U);
  EXPECT_EQ(four.tiles, 63U);
  EXPECT_EQ(four.points, 36U);
  problem.variant = Variant::kF2x2;
  EXPECT_EQ(Blocking(problem).tiles, 13U * 17U);
  EXPECT_EQ(Blocking(problem).points, 16U);
}

TEST(WinogradBlocking, BlocksHoldAllTilesAndNoneIsEmpty) {
  for (auto problem : tests::winograd_problems()) {
    for (const std::size_t threads : {1, 2, 5}) {
      problem.threads = threads;
      const Blocking blocking(problem);
      EXPECT_GE(blocking.blocks * blocking.block_tiles, blocking.tiles) << tests::describe(problem);
      EXPECT_LT((blocking.blocks - 1) * blocking.block_tiles, blocking.tiles) << tests::describe(problem);
      EXPECT_EQ(blocking.block_tiles % Blocking::kPanelTiles, 0U);
    }
  }
}

// 36 points whose strides are a power of two would fall into one set of the cache, which holds eight.
TEST(WinogradBlocking, StridesBetweenPointsAreOddNumbersOfCacheLines) {
  for (const auto& problem : tests::winograd_problems()) {
    const Blocking blocking(problem);
    EXPECT_EQ(blocking.patch_stride % 32, 16U) << tests::describe(problem);
    EXPECT_EQ(blocking.product_stride % 32, 16U) << tests::describe(problem);
  }
}

}  // namespace
}  // namespace rcnn::engine::winograd
