// SPDX-License-Identifier: MIT
#include "engine/quantize/range.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

using ::testing::HasSubstr;

std::vector<float> bell(std::size_t count, float outlier) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  values[0] = outlier;
  return values;
}

Histogram histogram_of(const std::vector<float>& values) {
  Histogram histogram;
  histogram.add(values);
  return histogram;
}

/// The definition: root mean square of the error over that of the values.
double slow_error(const std::vector<float>& values, const ActivationStep& step) {
  double error = 0, squares = 0;
  for (const double value : values) {
    const double rounded =
        std::clamp<double>(std::nearbyint(value / step.step), step.least(), step.most()) * step.step;
    error += (rounded - value) * (rounded - value);
    squares += value * value;
  }
  return std::sqrt(error / squares);
}

TEST(Range, MinMaxReachesTheLargest) {
  EXPECT_EQ(activation_step(histogram_of({1, -12.7F}), "min-max"), (ActivationStep{12.7F / 127, true}));
  EXPECT_EQ(activation_step(histogram_of({1, 25.5F}), "min-max"), (ActivationStep{25.5F / 255, false}));
}

TEST(Range, PercentileLeavesOneInTenThousandOut) {
  std::vector<float> values;
  for (int i = 1; i <= 20000; ++i) values.push_back(static_cast<float>(i) / 20000);
  values.push_back(500);
  values.push_back(400);
  const auto step = activation_step(histogram_of(values), "percentile");
  EXPECT_NEAR(step.step * 255, 1, 0.3) << "two of 20002 are beyond; a bin is 0.25 wide";
}

// Of all steps, none does better than the chosen one by more than the grid of tried ranges explains.
TEST(Range, MseIsTheLeastOfAll) {
  for (const float outlier : {0.F, 20.F, 60.F}) {
    const auto values = bell(20000, outlier);
    const auto histogram = histogram_of(values);
    const auto chosen = slow_error(values, activation_step(histogram, "mse"));
    double least = 1;
    for (double range = 0.1; range < 70; range *= 1.05) {
      least = std::min(least, slow_error(values, {static_cast<float>(range / 127), true}));
    }
    EXPECT_LT(chosen, 1.05 * least) << outlier;
    EXPECT_LE(chosen, slow_error(values, activation_step(histogram, "min-max")));
  }
}

TEST(Range, KlCutsAFarOutlierOff) {
  const auto step = activation_step(histogram_of(bell(100000, 60)), "kl");
  EXPECT_GT(step.step * 127, 2);
  EXPECT_LT(step.step * 127, 15);
}

TEST(Range, EstimatesTheErrorThatRoundingMakes) {
  const auto values = bell(100000, 20);
  const auto histogram = histogram_of(values);
  for (const auto& method : range_methods()) {
    const auto step = activation_step(histogram, method);
    const double error = slow_error(values, step);
    EXPECT_NEAR(rounding_error(histogram, step), error, 0.05 * error) << method;
  }
}

TEST(Range, OfZerosAloneIsAny) {
  const auto histogram = histogram_of({0, 0});
  for (const auto& method : range_methods()) {
    EXPECT_EQ(activation_step(histogram, method), (ActivationStep{1, false}));
  }
  EXPECT_EQ(rounding_error(histogram, {}), 0);
}

TEST(Range, SaysWhichMethodsThereAre) {
  try {
    activation_step(histogram_of({1}), "median");
    FAIL();
  } catch (const SettingError& error) {
    EXPECT_THAT(error.what(),
                ::testing::AllOf(HasSubstr("median"), HasSubstr("min-max, percentile, mse, kl")));
  }
}

}  // namespace
}  // namespace rcnn::engine
