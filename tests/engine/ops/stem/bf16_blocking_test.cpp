// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <vector>

#include "engine/ops/stem/bf16.hpp"
#include "engine/tensor/bf16.hpp"

namespace rcnn::engine::stem {
namespace {

Bf16Problem problem(std::size_t height, std::size_t width, std::size_t out, std::size_t threads) {
  Bf16Problem one;
  one.height = height;
  one.width = width;
  one.out_channels = out;
  one.threads = threads;
  return one;
}

TEST(StemBf16Blocking, StripsHoldAllPooledRowsAndNoneIsEmpty) {
  for (const std::size_t height : {7, 8, 64, 799, 800}) {
    for (const std::size_t threads : {1, 2, 3, 16}) {
      const Bf16Blocking blocking(problem(height, 33, 64, threads));
      EXPECT_EQ(blocking.conv_height, (height - 1) / 2 + 1);
      EXPECT_EQ(blocking.pooled_height, (blocking.conv_height - 1) / 2 + 1);
      EXPECT_LE(blocking.image_strips, threads);
      EXPECT_GE(blocking.image_strips * blocking.strip_rows, blocking.pooled_height);
      EXPECT_LT((blocking.image_strips - 1) * blocking.strip_rows, blocking.pooled_height);
    }
  }
}

TEST(StemBf16Blocking, PacksWeightsAsARowOfTheImageLiesAndPadsPairsAndPanels) {
  const auto one = problem(64, 64, 96, 1);
  const Bf16Blocking blocking(one);
  EXPECT_EQ(blocking.panels, 2U);
  EXPECT_EQ(blocking.pairs, 11U);
  std::vector<float> weights(std::size_t{96} * 3 * 49);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(1 + i % 251);
  std::vector<std::uint16_t> packed(blocking.panels * blocking.panel_weights, 7);
  pack_weights(one, blocking, weights, packed);
  for (std::size_t out = 0; out < 128; ++out) {
    for (std::size_t y = 0; y < 7; ++y) {
      for (std::size_t place = 0; place < 22; ++place) {  // Of a row of seven pixels, and one more
        const auto found = packed[out / 64 * blocking.panel_weights +
                                  ((y * 11 + place / 2) * 64 + out % 64) * 2 + place % 2];
        const bool is_there = out < 96 && place < 21;
        const auto expected = is_there ? weights[((out * 3 + place % 3) * 7 + y) * 7 + place / 3] : 0.F;
        ASSERT_EQ(from_bf16(found), expected) << out << ", " << y << ", " << place;
      }
    }
  }
}

}  // namespace
}  // namespace rcnn::engine::stem
