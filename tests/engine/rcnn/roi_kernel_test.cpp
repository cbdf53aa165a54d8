// SPDX-License-Identifier: MIT
#include "engine/rcnn/roi_kernel.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "tests/support/instruction_sets.hpp"
#include "tests/engine/rcnn/reference/roi_align.hpp"

namespace rcnn::engine {
namespace {

constexpr int kBins = 7;

TappedRegion tap(TapTable& table, float width, float height, int cells) {
  const auto axis = [&](float side) {
    const float bin = side / kBins;
    return table.add({.start = 2.3F, .bin_size = bin, .samples = std::ceil(bin), .cells = cells}, kBins, 1.F);
  };
  const auto x = axis(width);
  return {x, axis(height), nullptr};
}

TEST(CheapestOrder, SharesTheCellsOfNarrowBins) {
  TapTable table;
  EXPECT_EQ(cheapest_order(tap(table, 2.F, 80.F, 200), kBins), SumOrder::kRowsFirst);
  EXPECT_EQ(cheapest_order(tap(table, 80.F, 2.F, 200), kBins), SumOrder::kColumnsFirst);
  EXPECT_EQ(cheapest_order(tap(table, 14.F, 14.F, 200), kBins), SumOrder::kBoth);
}

TEST(PoolRegions, EveryInstructionSetAndOrderSumsTheSame) {
  constexpr int kCells = 40;
  for (const int channels : {3, 20, 64, 136}) {
    const auto map = tests::random_map(channels, kCells, kCells, 6);
    for (const auto layout : {Layout::kBlocked8, Layout::kBlocked16, Layout::kNhwc, Layout::kRowMajor}) {
      const auto tensor = tests::to_layout(map, layout);
      const std::vector<FeatureView> levels{feature_view(tensor)};
      const std::vector<Box> boxes{{8, 8, 15, 150}, {8, 8, 150, 15}, {8, 8, 70, 60}, {-9, -9, 400, 300}};
      RoiPoolerParams params;
      params.strides = {4};
      std::vector<float> expected;
      for (const auto& box : boxes) {
        const auto one = tests::slow_roi_align(map, box, 4, params);
        expected.insert(expected.end(), one.begin(), one.end());
      }
      tests::with_each_instruction_set([&] {
        std::vector<float> pooled(expected.size(), std::numeric_limits<float>::quiet_NaN());
        roi_align(levels, boxes, 0, boxes.size(), params, pooled);
        for (std::size_t i = 0; i < pooled.size(); ++i) {
          ASSERT_NEAR(pooled[i], expected[i], 1e-5F) << to_string(layout) << " " << channels << " " << i;
        }
      });
    }
  }
}

}  // namespace
}  // namespace rcnn::engine
