// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/ops/ops.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

constexpr Layout kLayouts[] = {Layout::kRowMajor, Layout::kBlocked8, Layout::kBlocked16, Layout::kNhwc};

TEST(Relu, ReplacesNegativeValuesByZero) {
  const auto source = tests::random_values(13 * 7 * 5, 1);
  for (const auto layout : kLayouts) {
    const auto op = make_activation("relu", Activation::kRelu, Format({1, 13, 7, 5}, layout));
    EXPECT_EQ(tests::run_operator(*op, {source}), tests::slow_relu(source));
  }
  const auto op = make_activation("relu", Activation::kRelu, Format({35, 13}, Layout::kRowMajor));
  EXPECT_EQ(tests::run_operator(*op, {source}), tests::slow_relu(source));
}

TEST(SmoothActivations, AreTheirDefinitions) {
  auto source = tests::random_values(13 * 7 * 5, 1);
  for (auto& value : source) value *= 20;  // Into the flat ends
  for (const auto activation : {Activation::kSilu, Activation::kSigmoid}) {
    const auto expected = tests::slow_activation(activation, source);
    for (const auto layout : kLayouts) {
      const auto op = make_activation("smooth", activation, Format({1, 13, 7, 5}, layout));
      tests::expect_close(tests::run_operator(*op, {source}), expected, 2e-5f);
    }
  }
}

// Convolutions sum over the channels that fill a block, so they must be zero, though sigmoid(0) is not.
TEST(SmoothActivations, LeaveZeroInTheChannelsThatFillABlock) {
  const Shape shape{1, 12, 2, 2};
  const auto op = make_activation("sigmoid", Activation::kSigmoid, Format(shape, Layout::kBlocked8));
  auto source = tests::filled_with_nan(op->inputs()[0].bytes());
  std::ranges::fill(source.values<float>(), 0.f);
  auto output = tests::filled_with_nan(op->output().bytes());
  const void* const input = source.data();
  void* const result = output.data();
  op->run({&input, 1}, {&result, 1}, nullptr);
  const auto values = output.values<float>();
  ASSERT_EQ(values.size(), 64U);
  EXPECT_EQ(values[32 + 3], 0.5f);
  for (std::size_t cell = 0; cell < 4; ++cell) {
    for (std::size_t channel = 4; channel < 8; ++channel) EXPECT_EQ(values[32 + cell * 8 + channel], 0.f);
  }
}

}  // namespace
}  // namespace rcnn::engine
