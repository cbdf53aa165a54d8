// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>

#include "engine/tensor/bf16.hpp"
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

std::vector<float> in_bf16(const std::vector<float>& values) {
  const Format format({1, static_cast<std::int64_t>(values.size())}, Layout::kRowMajor);
  const auto op = make_round_to_bf16("round", format);
  EXPECT_EQ(op->in_place(), 0);
  return tests::run_operator(*op, {values});
}

TEST(RoundToBf16, TakesTheNearestTiesToEven) {
  EXPECT_THAT(in_bf16({0.F, 1.F, 0x1.01p0F, 0x1.0101p0F, 0x1.03p0F, -0x1.03p0F, 0x1.feffp127F}),
              ElementsAre(0.F, 1.F, 1.F, 0x1.02p0F, 0x1.04p0F, -0x1.04p0F, 0x1.fep127F));
}

TEST(RoundToBf16, KeepsWhatIsNoNumberAndWhatIsInfinite) {
  const auto all_ones = std::bit_cast<float>(0x7fffffffU), least = std::bit_cast<float>(0xff800001U);
  const auto found = in_bf16({INFINITY, -INFINITY, all_ones, least, 0x1.ffp127F});
  EXPECT_EQ(found[0], INFINITY);
  EXPECT_EQ(found[1], -INFINITY);
  EXPECT_TRUE(std::isnan(found[2]));
  EXPECT_TRUE(std::isnan(found[3]));
  EXPECT_EQ(found[4], INFINITY) << "beyond the largest";
}

// As weights are rounded when they are stored.
TEST(RoundToBf16, IsTheRoundingOfWeights) {
  const auto values = tests::random_values(5000, 3);
  const auto found = in_bf16(values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(found[i]), std::uint32_t{to_bf16(values[i])} << 16U)
        << values[i];
  }
}

}  // namespace
}  // namespace rcnn::engine
