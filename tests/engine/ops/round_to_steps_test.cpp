// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/operator_cases.hpp"
#include "tests/support/operator_runner.hpp"

namespace rcnn::engine {
namespace {

using ::testing::ElementsAre;

std::vector<float> rounded(const std::vector<float>& values, const ActivationStep& step) {
  const Format format({1, static_cast<std::int64_t>(values.size())}, Layout::kRowMajor);
  const auto op = make_round_to_steps("round", format, step);
  EXPECT_EQ(op->in_place(), 0);
  return tests::run_operator(*op, {values});
}

TEST(RoundToSteps, TakesTheNearestMultipleTiesToEven) {
  EXPECT_THAT(rounded({0.F, 0.3F, 0.25F, 0.75F, -0.25F, -0.75F, 10.1F}, {0.5F, true}),
              ElementsAre(0.F, 0.5F, 0.F, 1.F, 0.F, -1.F, 10.F));
}

TEST(RoundToSteps, ClipsToWhat8BitsReach) {
  EXPECT_THAT(rounded({-100, 100, -64, 63.5F}, {0.5F, true}), ElementsAre(-64.F, 63.5F, -64.F, 63.5F));
  EXPECT_THAT(rounded({-1, 1000, 127.5F}, {0.5F, false}), ElementsAre(0.F, 127.5F, 127.5F));
}

// The slow twin.
TEST(RoundToSteps, IsTheLibrarysRounding) {
  const ActivationStep step{0.0073F, true};
  const auto values = tests::random_values(5000, 3);
  const auto found = rounded(values, step);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float quotient = values[i] * (1 / step.step);
    ASSERT_EQ(found[i], std::fmin(std::fmax(std::nearbyint(quotient), -128.F), 127.F) * step.step)
        << values[i];
  }
}

}  // namespace
}  // namespace rcnn::engine
