// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

TEST(UpsampleAdd, IsItsDefinitionInEveryLayout) {
  for (const auto& [channels, height, width] :
       std::vector<std::array<int, 3>>{{16, 13, 7}, {256, 5, 4}, {20, 1, 127}, {3, 2, 1}, {8, 1, 1}}) {
    const Shape fine_shape{1, channels, 2 * height, 2 * width}, coarse_shape{1, channels, height, width};
    const auto fine = tests::random_values(static_cast<std::size_t>(element_count(fine_shape)), 1);
    const auto coarse = tests::random_values(static_cast<std::size_t>(element_count(coarse_shape)), 2);
    for (const auto layout : {Layout::kRowMajor, Layout::kBlocked8, Layout::kBlocked16, Layout::kNhwc}) {
      const auto op = make_upsample_add("up", Format(fine_shape, layout), Format(coarse_shape, layout));
      ASSERT_EQ(op->in_place(), 0);
      EXPECT_EQ(tests::run_operator(*op, {fine, coarse}),
                tests::slow_upsample_add(channels, height, width, fine, coarse))
          << to_string(fine_shape) << " " << to_string(layout);
    }
  }
}

// Such maps lie alike in several layouts, and oneDNN's cache of primitives takes one for the other: so each
// pair has a size of its own.
TEST(UpsampleAdd, AddsToMapsOfOneChannelHoweverTheyAreDescribed) {
  int width = 5;
  for (const auto layout : {Layout::kNhwc, Layout::kRowMajor}) {
    for (const auto other : {Layout::kNhwc, Layout::kRowMajor}) {
      const Shape fine_shape{1, 1, 6, 2 * width}, coarse_shape{1, 1, 3, width};
      const auto fine = tests::random_values(static_cast<std::size_t>(12 * width), 1);
      const auto coarse = tests::random_values(static_cast<std::size_t>(3 * width), 2);
      const auto op = make_upsample_add("up", Format(fine_shape, layout), Format(coarse_shape, other));
      EXPECT_EQ(tests::run_operator(*op, {fine, coarse}), tests::slow_upsample_add(1, 3, width, fine, coarse))
          << to_string(layout) << ", " << to_string(other);
      ++width;
    }
  }
}

TEST(UpsampleAdd, RefusesMapsThatAreNotTwiceAsLarge) {
  const Format coarse({1, 8, 3, 3}, Layout::kBlocked8);
  EXPECT_THROW(make_upsample_add("up", Format({1, 8, 5, 6}, Layout::kBlocked8), coarse), ShapeError);
  EXPECT_THROW(make_upsample_add("up", Format({1, 16, 6, 6}, Layout::kBlocked8), coarse), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
