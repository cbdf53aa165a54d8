// SPDX-License-Identifier: MIT
#include "engine/quantize/histogram.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "tests/support/operator_cases.hpp"

namespace rcnn::engine {
namespace {

std::uint64_t total(const Histogram& histogram) {
  return std::accumulate(histogram.bins().begin(), histogram.bins().end(), std::uint64_t{0});
}

TEST(Histogram, CountsMagnitudesInBinsOfAPowerOfTwo) {
  Histogram histogram;
  histogram.add(std::vector<float>{0, 0, 1, -1.5F, 3});
  EXPECT_EQ(histogram.width(), 4.0 / Histogram::kBins);
  EXPECT_EQ(histogram.zeros(), 2U);
  EXPECT_EQ(total(histogram), 3U);
  EXPECT_EQ(histogram.bins()[Histogram::kBins / 4], 1U);
  EXPECT_EQ(histogram.bins()[Histogram::kBins * 3 / 8], 1U);
  EXPECT_EQ(histogram.bins()[Histogram::kBins * 3 / 4], 1U);
  EXPECT_EQ(histogram.largest(), 3);
  EXPECT_DOUBLE_EQ(histogram.sum_of_squares(), 1 + 2.25 + 9);
  EXPECT_TRUE(histogram.has_negative());
}

TEST(Histogram, TakesInOneOfAFarSmallerScale) {
  Histogram small, large;
  small.add(std::vector<float>(100, 1e-30F));
  large.add(std::vector<float>(10, 10));
  large.add(small);
  EXPECT_EQ(large.bins()[0], 100U);
  EXPECT_EQ(total(large), 110U);
  small.add(std::vector<float>(10, 10));
  EXPECT_EQ(small.bins(), large.bins());
}

TEST(Histogram, IsTheSameInWhateverOrderAndPartsItIsMade) {
  auto values = tests::random_values(4000, 1);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] *= std::pow(1.01F, static_cast<float>(i % 700));
  Histogram at_once, in_parts, merged;
  at_once.add(values);
  for (std::size_t i = 0; i < values.size(); i += 100) {
    in_parts.add(std::span(values).subspan(values.size() - 100 - i, 100));
    Histogram part;
    part.add(std::span(values).subspan(i, 100));
    merged.add(part);
  }
  for (const auto* other : {&in_parts, &merged}) {
    EXPECT_EQ(other->width(), at_once.width());
    EXPECT_EQ(other->bins(), at_once.bins());
    EXPECT_NEAR(other->sum_of_squares(), at_once.sum_of_squares(), 1e-9 * at_once.sum_of_squares());
  }
}

TEST(Histogram, LeavesOutWhatIsNoNumber) {
  Histogram histogram;
  histogram.add(std::vector<float>{std::numeric_limits<float>::infinity(), std::nanf(""), 0.5F});
  EXPECT_EQ(histogram.not_finite(), 2U);
  EXPECT_EQ(total(histogram), 1U);
  EXPECT_EQ(histogram.largest(), 0.5);
}

TEST(Histogram, IsEmptyWithNothingButZeros) {
  Histogram histogram;
  histogram.add(std::vector<float>{0, -0.F});
  histogram.add(Histogram());
  EXPECT_TRUE(histogram.empty());
  EXPECT_EQ(histogram.zeros(), 2U);
}

}  // namespace
}  // namespace rcnn::engine
