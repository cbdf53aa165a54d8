// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

using tests::WindowCase;

struct Inputs {
  explicit Inputs(const WindowCase& c)
      : source(tests::random_values(count(c.channels, c.height, c.width), 1)),
        weight(tests::random_values(count(c.out_channels, c.channels / c.groups, c.kernel * c.kernel), 2)),
        bias(tests::random_values(count(c.out_channels, 1, 1), 3)),
        summand(tests::random_values(
            count(c.out_channels, tests::windowed_extent(c.height, c), tests::windowed_extent(c.width, c)),
            4)),
        params{tests::conv2d_params(c)},
        shape{1, c.channels, c.height, c.width},
        result_shape{1, c.out_channels, tests::windowed_extent(c.height, c),
                     tests::windowed_extent(c.width, c)} {
    named.set("w", weight);
    named.set("b", bias);
  }
  static std::size_t count(int a, int b, int c) { return static_cast<std::size_t>(a * b * c); }

  std::vector<float> source, weight, bias, summand;
  Conv2dParams params;
  Shape shape, result_shape;
  tests::NamedWeights named;
};

constexpr float kTolerance = 1e-4f;

class Conv2d : public ::testing::TestWithParam<WindowCase> {};

TEST_P(Conv2d, IsItsDefinition) {
  Inputs in(GetParam());
  auto weights = in.named.packed();
  const auto op = make_conv2d(in.params, Format(in.shape, Layout::kRowMajor), weights);
  EXPECT_EQ(op->output().shape(), in.result_shape);
  tests::expect_close(tests::run_operator(*op, {in.source}),
                      tests::slow_conv2d(GetParam(), in.source, in.weight, in.bias), kTolerance);
}

TEST_P(Conv2d, TakesTheLayoutThatAnotherWrote) {
  Inputs in(GetParam());
  in.params.bias.clear();
  in.params.activation = Activation::kRelu;
  auto weights = in.named.packed();
  for (const auto layout : {Layout::kBlocked8, Layout::kBlocked16, Layout::kNhwc}) {
    const auto op = make_conv2d(in.params, Format(in.shape, layout), weights);
    tests::expect_close(tests::run_operator(*op, {in.source}),
                        tests::slow_relu(tests::slow_conv2d(GetParam(), in.source, in.weight, {})),
                        kTolerance);
  }
}

TEST_P(Conv2d, AddsInPlaceBeforeTheRelu) {
  Inputs in(GetParam());
  in.params.activation = Activation::kRelu;
  auto weights = in.named.packed();
  const auto free = make_conv2d(in.params, Format(in.shape, Layout::kRowMajor), weights);
  const auto op = make_conv2d_sum(in.params, free->inputs()[0], free->output(), weights);
  ASSERT_EQ(op->in_place(), 1);
  auto expected = tests::slow_conv2d(GetParam(), in.source, in.weight, in.bias);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += in.summand[i];
  tests::expect_close(tests::run_operator(*op, {in.source, in.summand}), tests::slow_relu(expected),
                      kTolerance);
}

// As values of 8 bits do where the convolution is in f32. oneDNN with AVX2 would compute it cell by cell.
TEST_P(Conv2d, AddsWhatLiesOtherwiseAtSpeedByEveryAlgorithm) {
  Inputs in(GetParam());
  in.params.activation = Activation::kRelu;
  auto weights = in.named.packed();
  const auto blocked = make_conv2d(in.params, Format(in.shape, Layout::kBlocked8), weights);
  auto expected = tests::slow_conv2d(GetParam(), in.source, in.weight, in.bias);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += in.summand[i];
  expected = tests::slow_relu(expected);
  const Format summand(in.result_shape, Layout::kNhwc);
  for (const auto layout : {Layout::kNhwc, Layout::kBlocked8, Layout::kBlocked16}) {
    const Format source(in.shape, layout);
    const auto with_result_alike = conv2d_algorithms(in.params, source, nullptr);
    const auto algorithms = conv2d_algorithms(in.params, source, &summand);
    EXPECT_EQ(algorithms, with_result_alike);
    for (const auto algorithm : algorithms) {
      SCOPED_TRACE(to_string(algorithm));
      const auto op = make_conv2d_sum(in.params, source, summand, weights, algorithm);
      ASSERT_EQ(op->in_place(), 1);
      EXPECT_EQ(op->inputs()[1], op->output());
      EXPECT_EQ(op->implementation().starts_with("ref"), blocked->implementation().starts_with("ref"))
          << op->implementation();
      tests::expect_close(tests::run_operator(*op, {in.source, in.summand}), expected,
                          algorithm == Conv2dAlgorithm::kDirect ? kTolerance : 10 * kTolerance);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AwkwardSizes, Conv2d, ::testing::ValuesIn(tests::convolution_cases()));

// Channels that a block has too many must be zero: the next operator multiplies them.
TEST(Conv2dPadding, LeavesZeroInTheChannelsThatFillABlock) {
  Inputs in({16, 12, 5, 5, 3, 1, 1, 1});
  auto weights = in.named.packed();
  const auto op = make_conv2d(in.params, Format(in.shape, Layout::kBlocked8), weights);
  if (op->output().layout() != Layout::kBlocked8)
    GTEST_SKIP() << "this CPU's convolutions write another layout";
  auto source = tests::filled_with_nan(Format(in.shape, Layout::kBlocked8).bytes());
  std::ranges::fill(source.values<float>(), 1.f);
  auto output = tests::filled_with_nan(op->output().bytes());
  auto scratch = tests::filled_with_nan(op->scratch_bytes());
  const void* const pointer = source.data();
  void* const result = output.data();
  op->run({&pointer, 1}, {&result, 1}, scratch.data());
  const auto values = output.values<float>();
  for (std::size_t cell = 0; cell < 25; ++cell) {
    for (std::size_t channel = 4; channel < 8; ++channel) EXPECT_EQ(values[(25 + cell) * 8 + channel], 0.f);
  }
}

TEST(Conv2dErrors, NameTheOperatorAndTheShapes) {
  Inputs in({8, 8, 4, 4, 3, 1, 1, 1});
  auto weights = in.named.packed();
  EXPECT_THROW(make_conv2d(in.params, Format({1, 8, 4}, Layout::kRowMajor), weights), ShapeError);
  EXPECT_THROW(make_conv2d(in.params, Format({1, 9, 4, 4}, Layout::kRowMajor), weights),
               ModelError);  // Weight of 8
  const Format wrong({1, 8, 4, 5}, Layout::kBlocked8);
  EXPECT_THROW(make_conv2d_sum(in.params, Format(in.shape, Layout::kBlocked8), wrong, weights), ShapeError);
  in.params.padding = 0;
  EXPECT_THROW(make_conv2d(in.params, Format({1, 8, 2, 2}, Layout::kRowMajor), weights), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
