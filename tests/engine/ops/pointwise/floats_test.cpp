// SPDX-License-Identifier: MIT
#include "engine/ops/pointwise/floats.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "engine/tensor/bf16.hpp"

namespace rcnn::engine::pointwise {
namespace {

FloatProblem problem(std::size_t in, std::size_t out, std::size_t rows, std::size_t columns) {
  FloatProblem one;
  one.batch = 2;
  one.rows = rows;
  one.columns = columns;
  one.in_channels = in;
  one.out_channels = out;
  return one;
}

TEST(PointwiseFloats, BlocksHoldAllCellsOfAnImageAndNoneIsEmpty) {
  for (const std::size_t in : {16, 256, 2048, 16384}) {
    for (const std::size_t rows : {1, 7, 200}) {
      const FloatBlocking blocking(problem(in, 80, rows, 25));
      EXPECT_EQ(blocking.panels, 2U);
      EXPECT_EQ(blocking.blocks, 2 * blocking.image_blocks);
      EXPECT_EQ(blocking.block_cells % FloatBlocking::kPanelCells, 0U);
      EXPECT_LE(blocking.block_cells, FloatBlocking::kMostCells);
      EXPECT_GE(blocking.image_blocks * blocking.block_cells, rows * 25);
      EXPECT_LT((blocking.image_blocks - 1) * blocking.block_cells, rows * 25);
    }
  }
}

TEST(PointwiseFloats, PacksWeightsInPairsOfInputsAndPadsPanels) {
  const auto one = problem(16, 80, 1, 1);
  const FloatBlocking blocking(one);
  std::vector<float> weights(std::size_t{80} * 16);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 251);
  std::vector<std::uint16_t> packed(blocking.weight_count(), 7);
  pack_weights(one, blocking, weights, packed.data());
  for (std::size_t out = 0; out < 128; ++out) {
    for (std::size_t in = 0; in < 16; ++in) {
      const auto found = packed[out / 64 * blocking.panel_weights + in / 2 * 128 + out % 64 * 2 + in % 2];
      ASSERT_EQ(from_bf16(found), out < 80 ? weights[out * 16 + in] : 0.F) << out << ", " << in;
    }
  }
}

TEST(PointwiseFloats, PacksWeightsInF32InputByInput) {
  auto one = problem(16, 80, 1, 1);
  one.element = Element::kF32;
  const FloatBlocking blocking(one);
  std::vector<float> weights(std::size_t{80} * 16), packed(blocking.weight_count(), 7.F);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i);
  pack_weights(one, blocking, weights, packed.data());
  for (std::size_t out = 0; out < 128; ++out) {
    for (std::size_t in = 0; in < 16; ++in) {
      const auto found = packed[out / 64 * blocking.panel_weights + in * 64 + out % 64];
      ASSERT_EQ(found, out < 80 ? weights[out * 16 + in] : 0.F) << out << ", " << in;
    }
  }
}

// Sums wait in scratch between the parts of many input channels, and only there.
TEST(PointwiseFloats, CutsManyInputChannelsIntoPartsThatTheFirstCacheHolds) {
  const FloatBlocking few(problem(2048, 80, 25, 25)), many(problem(12544, 80, 1, 1000));
  EXPECT_EQ(few.depth, 2048U);
  EXPECT_EQ(few.scratch_bytes(), 0U);
  EXPECT_EQ(many.depth % 16, 0U);
  EXPECT_LE(many.depth * FloatBlocking::kPanelWidth * 2, std::size_t{32} << 10U);
  auto in_f32 = problem(12544, 80, 1, 1000);
  in_f32.element = Element::kF32;
  EXPECT_EQ(FloatBlocking(in_f32).depth, many.depth / 2);
  EXPECT_EQ(many.scratch_bytes(), 2 * many.block_cells * FloatBlocking::kPanelWidth * sizeof(float));
}

}  // namespace
}  // namespace rcnn::engine::pointwise
