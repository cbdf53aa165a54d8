// SPDX-License-Identifier: MIT
#include "engine/rcnn/roi_taps.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace rcnn::engine {
namespace {

float weight_of(std::span<const Tap> taps) {
  return std::accumulate(taps.begin(), taps.end(), 0.F,
                         [](float sum, const Tap& tap) { return sum + tap.weight; });
}

TEST(TapTable, MergesTheSamplesOfABin) {
  TapTable table;
  const auto axis = table.add({.start = 2.F, .bin_size = 4.F, .samples = 4, .cells = 20}, 2, 0.25F);
  const auto first = table.bin(axis, 0);  // Samples at 2.5, 3.5, 4.5, 5.5 touch cells 2..6
  ASSERT_EQ(first.size(), 5U);
  EXPECT_EQ(first.front().cell, 2U);
  EXPECT_FLOAT_EQ(first.front().weight, 0.125F);
  EXPECT_FLOAT_EQ(first[2].weight, 0.25F);
  EXPECT_FLOAT_EQ(weight_of(first), 1.F);
  EXPECT_EQ(table.bin(axis, 1).front().cell, 6U);
}

TEST(TapTable, LeavesOutSamplesMoreThanACellOutside) {
  TapTable table;
  const auto axis = table.add({.start = -3.F, .bin_size = 4.F, .samples = 4, .cells = 20}, 6, 0.25F);
  EXPECT_FLOAT_EQ(weight_of(table.bin(axis, 0)), 0.5F);   // -2.5 and -1.5 are outside; -0.5 reads cell 0
  EXPECT_FLOAT_EQ(weight_of(table.bin(axis, 5)), 0.75F);  // 17.5, 18.5 and 19.5, which reads cell 19
}

TEST(TapTable, ManySamplesFarOutsideCostNothingAndChangeNothing) {
  TapTable table;
  const auto axis =
      table.add({.start = -700000.F, .bin_size = 200000.F, .samples = 200000, .cells = 20}, 7, 1.F);
  float sum = 0;
  for (int bin = 0; bin < 7; ++bin) sum += weight_of(table.bin(axis, bin));
  EXPECT_NEAR(sum, 21.F, 0.6F);  // One sample a cell, from -1 to 20
}

TEST(HasSamples, RefusesWhatCannotBePlaced) {
  EXPECT_TRUE(has_samples({.start = 0.F, .bin_size = 1.F, .samples = 1, .cells = 5}, 7));
  EXPECT_FALSE(has_samples({.start = 0.F, .bin_size = 0.F, .samples = 0, .cells = 5}, 7));
  EXPECT_FALSE(has_samples({.start = 2e6F, .bin_size = 1.F, .samples = 1, .cells = 5}, 7));
  EXPECT_FALSE(has_samples({.start = 0.F, .bin_size = 2e5F, .samples = 2e5, .cells = 5}, 7));
}

}  // namespace
}  // namespace rcnn::engine
