// SPDX-License-Identifier: MIT
#include "engine/image/axis_filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>

namespace rcnn::engine {
namespace {

using ::testing::ElementsAre;

constexpr int kOne = 1 << kFilterBits;

TEST(AxisFilter, EqualSizesReadOneCell) {
  const AxisFilter same(5, 5);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(same.first(i), i);
    EXPECT_THAT(same.coefficients(i), ElementsAre(kOne));
  }
  EXPECT_EQ(same.longest(), 1U);
}

TEST(AxisFilter, DoublingMixesQuarters) {
  const AxisFilter doubled(3, 6);
  EXPECT_THAT(doubled.coefficients(0), ElementsAre(kOne));  // Half its triangle lies outside
  EXPECT_EQ(doubled.first(1), 0);
  EXPECT_THAT(doubled.coefficients(1), ElementsAre(kOne / 4 * 3, kOne / 4));
  EXPECT_THAT(doubled.coefficients(2), ElementsAre(kOne / 4, kOne / 4 * 3));
}

TEST(AxisFilter, HalvingIsATriangleOfFourCells) {
  const AxisFilter halved(8, 4);
  EXPECT_EQ(halved.first(1), 1);
  EXPECT_THAT(halved.coefficients(1), ElementsAre(kOne / 8, kOne / 8 * 3, kOne / 8 * 3, kOne / 8));
}

TEST(AxisFilter, BicubicHasWeightsBelowZero) {
  const AxisFilter doubled(8, 16, Interpolation::kBicubic);
  // Cell 8 lies a quarter of a source cell before cell 4's centre; the cubic at 1.75, 0.75, 0.25 and 1.25.
  EXPECT_EQ(doubled.first(8), 2);
  EXPECT_THAT(doubled.coefficients(8),
              ElementsAre(-3 * kOne / 128, 29 * kOne / 128, 111 * kOne / 128, -9 * kOne / 128));
  EXPECT_THAT(AxisFilter(5, 5, Interpolation::kBicubic).coefficients(2), ElementsAre(kOne));
}

TEST(AxisFilter, WeightsSumToOneAndStayInside) {
  for (const auto& [source, target] : {std::pair{1920, 800}, {432, 800}, {1, 7}, {2000, 1}, {127, 13}}) {
    for (const auto interpolation : {Interpolation::kBilinear, Interpolation::kBicubic}) {
      const AxisFilter filter(source, target, interpolation);
      for (int i = 0; i < target; ++i) {
        const auto coefficients = filter.coefficients(i);
        const auto sum = std::accumulate(coefficients.begin(), coefficients.end(), 0);
        EXPECT_LE(std::abs(sum - kOne), static_cast<int>(coefficients.size())) << i;
        EXPECT_GE(filter.first(i), 0);
        EXPECT_LE(filter.end(i), source);
      }
    }
  }
}

}  // namespace
}  // namespace rcnn::engine
