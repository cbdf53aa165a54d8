// SPDX-License-Identifier: MIT
#include "engine/runtime/conv2d_costs.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "engine/ops/platform.hpp"

namespace rcnn::engine {
namespace {

TEST(Conv2dCosts, CountsBegunTilesWhole) {
  EXPECT_EQ(units_of(Conv2dAlgorithm::kDirect, 2, 5, 9), 90);
  EXPECT_EQ(units_of(Conv2dAlgorithm::kWinograd2x2, 2, 5, 9), 2 * 3 * 5);
  EXPECT_EQ(units_of(Conv2dAlgorithm::kWinograd4x4, 2, 5, 9), 2 * 2 * 3);
}

TEST(Conv2dCosts, AreFixedPlusUnits) {
  const Conv2dCosts costs{{{1, 2}, {3, 4}, {5, 6}}};
  EXPECT_EQ(expected_time(costs, Conv2dAlgorithm::kWinograd4x4, 1, 8, 12), 5 + 6 * 6);
}

// A tile of 4x4 at 8 is half of what 16 cells cost; but one cell alone is quicker by itself.
TEST(Conv2dCosts, QuickestDependsOnTheExtent) {
  const Conv2dCosts costs{{{0, 1}, {0, 3}, {0, 8}}};
  EXPECT_EQ(quickest(costs, 1, 1, 1), Conv2dAlgorithm::kDirect);
  EXPECT_EQ(quickest(costs, 1, 2, 2), Conv2dAlgorithm::kWinograd2x2);
  EXPECT_EQ(quickest(costs, 1, 4, 4), Conv2dAlgorithm::kWinograd4x4);
}

TEST(Conv2dCosts, StaysDirectForGainsWithinTheMeasurementsError) {
  EXPECT_EQ(quickest({{{0, 1}, {0, 3.9}, {0, 15.5}}}, 1, 40, 40), Conv2dAlgorithm::kDirect);
  EXPECT_EQ(quickest({{{0, 1}, {0, 3.9}, {0, 15.1}}}, 1, 40, 40), Conv2dAlgorithm::kWinograd4x4);
}

// 49 tiles, 784 cells: whatever the machine, larger maps take longer, by every algorithm.
TEST(Conv2dCosts, MeasuredOnesGrowWithTheMap) {
  std::vector<Conv2dClass> classes{{32, 32, 8, 1}, {32, 32, 16, 1}};
  if (winograd_multiplies_bf16()) classes.push_back({32, 32, 1, 1, DType::kBf16});
  if (multiplies_int8()) classes.push_back({32, 32, 1, 1, DType::kU8});
  for (const auto& shape : classes) {
    const auto costs = measure_conv2d(shape);
    for (const auto algorithm :
         {Conv2dAlgorithm::kDirect, Conv2dAlgorithm::kWinograd2x2, Conv2dAlgorithm::kWinograd4x4}) {
      EXPECT_GT(expected_time(costs, algorithm, 1, 4, 4), 0) << to_string(algorithm);
      EXPECT_GT(expected_time(costs, algorithm, 1, 64, 64), expected_time(costs, algorithm, 1, 8, 8))
          << to_string(algorithm);
    }
  }
}

}  // namespace
}  // namespace rcnn::engine
