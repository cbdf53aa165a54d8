// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "engine/errors.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

constexpr int kChannels = 19, kHeight = 3, kWidth = 5;  ///< Of the coarse map

std::vector<float> integers(std::size_t count, const ActivationStep& step, std::uint32_t seed) {
  auto values = tests::random_values(count, seed);
  for (float& value : values) {
    value = std::round((value + 1) / 2 * (step.most() - step.least()) + step.least());
  }
  return values;
}

std::vector<float> times(std::vector<float> values, float step) {
  for (float& value : values) value *= step;
  return values;
}

/// Signs of the fine map, the coarse map and the result.
class QuantizedUpsampleAdd : public ::testing::TestWithParam<std::tuple<bool, bool, bool>> {};

TEST_P(QuantizedUpsampleAdd, IsItsDefinitionRounded) {
  const auto& [fine_signed, coarse_signed, result_signed] = GetParam();
  const ActivationStep fine{0.03F, fine_signed}, coarse{0.02F, coarse_signed}, result{0.05F, result_signed};
  const Shape shape{1, kChannels, 2 * kHeight, 2 * kWidth};
  const auto op = make_quantized_upsample_add("add", shape, fine, coarse, result);
  ASSERT_EQ(op->in_place(), 0);
  EXPECT_EQ(op->output().dtype(), result.dtype());
  const auto a = integers(static_cast<std::size_t>(kChannels * 4 * kHeight * kWidth), fine, 1);
  const auto b = integers(static_cast<std::size_t>(kChannels * kHeight * kWidth), coarse, 2);
  const auto found = tests::run_operator(*op, {a, b});
  const auto exact =
      tests::slow_upsample_add(kChannels, kHeight, kWidth, times(a, fine.step), times(b, coarse.step));
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const float quotient = std::clamp(exact[i] / result.step, result.least(), result.most());
    ASSERT_LE(std::abs(found[i] - quotient), 0.5001F) << "at value " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Signs, QuantizedUpsampleAdd,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool(), ::testing::Bool()));

TEST(QuantizedUpsampleAddErrors, RefusesOddSides) {
  EXPECT_THROW(make_quantized_upsample_add("add", {1, 8, 5, 6}, {}, {}, {}), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
