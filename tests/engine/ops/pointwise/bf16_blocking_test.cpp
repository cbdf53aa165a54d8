// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <vector>

#include "engine/ops/pointwise/bf16.hpp"
#include "engine/tensor/bf16.hpp"

namespace rcnn::engine::pointwise {
namespace {

Bf16Problem problem(std::size_t in, std::size_t out, std::size_t rows, std::size_t columns) {
  Bf16Problem one;
  one.batch = 2;
  one.rows = rows;
  one.columns = columns;
  one.in_channels = in;
  one.out_channels = out;
  return one;
}

TEST(PointwiseBf16Blocking, BlocksHoldAllCellsOfAnImageAndNoneIsEmpty) {
  for (const std::size_t in : {16, 256, 2048, 16384}) {
    for (const std::size_t rows : {1, 7, 200}) {
      const Bf16Blocking blocking(problem(in, 80, rows, 25));
      EXPECT_EQ(blocking.panels, 2U);
      EXPECT_EQ(blocking.blocks, 2 * blocking.image_blocks);
      EXPECT_EQ(blocking.block_cells % Bf16Blocking::kPanelCells, 0U);
      EXPECT_LE(blocking.block_cells, Bf16Blocking::kMostCells);
      EXPECT_GE(blocking.image_blocks * blocking.block_cells, rows * 25);
      EXPECT_LT((blocking.image_blocks - 1) * blocking.block_cells, rows * 25);
    }
  }
}

TEST(PointwiseBf16Blocking, PacksWeightsInPairsOfInputsAndPadsPanels) {
  const auto one = problem(16, 80, 1, 1);
  const Bf16Blocking blocking(one);
  std::vector<float> weights(std::size_t{80} * 16);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 251);
  std::vector<std::uint16_t> packed(blocking.weight_count(), 7);
  pack_weights(one, blocking, weights, packed);
  for (std::size_t out = 0; out < 128; ++out) {
    for (std::size_t in = 0; in < 16; ++in) {
      const auto found = packed[out / 64 * blocking.panel_weights + in / 2 * 128 + out % 64 * 2 + in % 2];
      ASSERT_EQ(from_bf16(found), out < 80 ? weights[out * 16 + in] : 0.F) << out << ", " << in;
    }
  }
}

// Sums wait in scratch between the parts of many input channels, and only there.
TEST(PointwiseBf16Blocking, CutsManyInputChannelsIntoPartsThatTheFirstCacheHolds) {
  const Bf16Blocking few(problem(2048, 80, 25, 25)), many(problem(12544, 80, 1, 1000));
  EXPECT_EQ(few.depth, 2048U);
  EXPECT_EQ(few.scratch_bytes(), 0U);
  EXPECT_EQ(many.depth % 16, 0U);
  EXPECT_LE(many.depth * Bf16Blocking::kPanelWidth * 2, std::size_t{32} << 10U);
  EXPECT_EQ(many.scratch_bytes(), 2 * many.block_cells * Bf16Blocking::kPanelWidth * sizeof(float));
}

}  // namespace
}  // namespace rcnn::engine::pointwise
