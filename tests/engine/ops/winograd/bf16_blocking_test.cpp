// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/ops/winograd/bf16.hpp"
#include "tests/engine/ops/winograd/bf16_problems.hpp"

namespace rcnn::engine::winograd {
namespace {

TEST(WinogradBf16Blocking, PadsChannels) {
  Bf16Problem problem;
  problem.in_channels = 48;
  problem.out_channels = 80;
  problem.height = 25;
  problem.width = 33;
  const Bf16Blocking blocking(problem);
  EXPECT_EQ(blocking.channels, 64U);
  EXPECT_EQ(blocking.panels, 2U);
  EXPECT_EQ(blocking.tiles, 63U);
  EXPECT_EQ(blocking.weight_count(), 2U * 36 * 64 * 64);
}

TEST(WinogradBf16Blocking, BlocksHoldAllTilesAndNoneIsEmpty) {
  for (auto problem : tests::bf16_problems()) {
    for (const std::size_t threads : {1, 2, 5}) {
      problem.threads = threads;
      const Bf16Blocking blocking(problem);
      EXPECT_GE(blocking.blocks * blocking.block_tiles, blocking.tiles) << tests::describe(problem);
      EXPECT_LT((blocking.blocks - 1) * blocking.block_tiles, blocking.tiles) << tests::describe(problem);
    }
  }
}

// 512 -> 512 has 19 MB of transformed weights, which two cores would fetch again for every block.
TEST(WinogradBf16Blocking, LargeWeightsAreReadOnceForAMapOf25x25) {
  Bf16Problem problem;
  problem.height = problem.width = 25;
  problem.in_channels = problem.out_channels = 512;
  EXPECT_EQ(Bf16Blocking(problem).blocks, 1U);
  problem.in_channels = problem.out_channels = 256;
  EXPECT_GT(Bf16Blocking(problem).blocks, 1U);
}

TEST(WinogradBf16Blocking, StridesBetweenPointsAreOddNumbersOfCacheLines) {
  for (const auto& problem : tests::bf16_problems()) {
    const Bf16Blocking blocking(problem);
    EXPECT_EQ(blocking.patch_stride * sizeof(std::uint16_t) % 128, 64U) << tests::describe(problem);
    EXPECT_EQ(blocking.product_stride * sizeof(float) % 128, 64U) << tests::describe(problem);
  }
}

}  // namespace
}  // namespace rcnn::engine::winograd
