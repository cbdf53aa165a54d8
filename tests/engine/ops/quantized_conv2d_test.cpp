// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"
#include "engine/ops/platform.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

using tests::WindowCase;

constexpr float kWeightStep = 0.01F;

/// Integers of -most..most, the same every time.
std::vector<float> integers(std::size_t count, int least, int most, std::uint32_t seed) {
  auto values = tests::random_values(count, seed);  // [-1, 1)
  for (float& value : values) {
    value = std::round((value + 1) / 2 * static_cast<float>(most - least)) + static_cast<float>(least);
  }
  return values;
}

/// Integers of the whole range and what they stand for.
struct Case {
  Case(const WindowCase& window, bool is_signed)
      : source{integers(count(window.channels, window.height, window.width), is_signed ? -127 : 0,
                        is_signed ? 127 : 255, 1)},
        weight{integers(
            count(window.out_channels, window.channels / window.groups, window.kernel * window.kernel), -127,
            127, 2)},
        bias{tests::random_values(count(window.out_channels, 1, 1), 3)},
        source_step{0.02F, is_signed},
        params{tests::conv2d_params(window)},
        shape{1, window.channels, window.height, window.width} {
    for (float& value : weight) value *= kWeightStep;
    named.set("w", weight);
    named.set("b", bias);
    named.set("w.steps", std::vector<float>(bias.size(), kWeightStep));
  }
  static std::size_t count(int a, int b, int c) { return static_cast<std::size_t>(a * b * c); }

  std::vector<float> values() const {
    auto values = source;
    for (float& value : values) value *= source_step.step;
    return values;
  }

  std::vector<float> source, weight, bias;
  ActivationStep source_step;
  Conv2dParams params;
  Shape shape;
  tests::NamedWeights named;
};

/// Each integer is the nearest to the exact quotient, clipped; a quotient halfway may go either way.
void expect_rounded(const std::vector<float>& found, const std::vector<float>& exact,
                    const ActivationStep& step) {
  ASSERT_EQ(found.size(), exact.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const float quotient = std::clamp(exact[i] / step.step, step.least(), step.most());
    ASSERT_LE(std::abs(found[i] - quotient), 0.501F) << "at value " << i;
  }
}

/// Without VNNI oneDNN's sums saturate; no model runs so there.
template <typename Param>
class WithVnni : public ::testing::TestWithParam<Param> {
 protected:
  void SetUp() override {
    if (!multiplies_int8()) GTEST_SKIP() << "needs VNNI";
  }
};

class QuantizedConv2d : public WithVnni<std::tuple<WindowCase, bool>> {
 protected:
  WindowCase window_ = std::get<0>(GetParam());
  Case case_{window_, std::get<1>(GetParam())};
};

TEST_P(QuantizedConv2d, GivesFloatsThatAreItsDefinition) {
  auto weights = case_.named.packed();
  const auto op = make_quantized_conv2d(case_.params, {"w.steps", case_.source_step, {}, {}},
                                        Format(case_.shape, Layout::kNhwc), nullptr, weights);
  SCOPED_TRACE(op->implementation());
  EXPECT_EQ(op->inputs()[0].dtype(), case_.source_step.dtype());
  EXPECT_EQ(op->output().dtype(), DType::kF32);
  tests::expect_close(tests::run_operator(*op, {case_.source}),
                      tests::slow_conv2d(window_, case_.values(), case_.weight, case_.bias), 2e-3F);
}

TEST_P(QuantizedConv2d, WritesBf16ForWhoeverReadsThat) {
  if (!multiplies_bf16()) GTEST_SKIP() << "nobody does here";
  auto weights = case_.named.packed();
  case_.params.result = DType::kBf16;
  const auto op = make_quantized_conv2d(case_.params, {"w.steps", case_.source_step, {}, {}},
                                        Format(case_.shape, Layout::kNhwc), nullptr, weights);
  SCOPED_TRACE(op->implementation());
  if (case_.params.groups == 1) {
    EXPECT_EQ(op->output().dtype(), DType::kBf16);
  }
  const auto expected = tests::slow_conv2d(window_, case_.values(), case_.weight, case_.bias);
  const auto found = tests::run_operator(*op, {case_.source});
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(found[i], expected[i], 2e-3F + std::abs(expected[i]) / 256) << i;
}

TEST_P(QuantizedConv2d, RoundsItsResultToItsStep) {
  auto weights = case_.named.packed();
  case_.params.activation = Activation::kRelu;
  const ActivationStep result{0.05F, false};
  const auto op = make_quantized_conv2d(case_.params, {"w.steps", case_.source_step, {}, result},
                                        Format(case_.shape, Layout::kRowMajor), nullptr, weights);
  EXPECT_EQ(op->output().dtype(), DType::kU8);
  expect_rounded(tests::run_operator(*op, {case_.source}),
                 tests::slow_relu(tests::slow_conv2d(window_, case_.values(), case_.weight, case_.bias)),
                 result);
}

// The summand has a step of its own, and a sign that the result has not.
TEST_P(QuantizedConv2d, AddsInPlaceWhatIsHeldInOtherSteps) {
  auto weights = case_.named.packed();
  case_.params.activation = Activation::kRelu;
  const ActivationStep summand{0.03F, true}, result{0.06F, false};
  const QuantizedParams steps{"w.steps", case_.source_step, summand, result};
  const auto free = make_quantized_conv2d(case_.params, {"w.steps", case_.source_step, {}, result},
                                          Format(case_.shape, Layout::kNhwc), nullptr, weights);
  const auto lies = free->output();
  const auto op =
      make_quantized_conv2d(case_.params, steps, Format(case_.shape, Layout::kNhwc), &lies, weights);
  ASSERT_EQ(op->in_place(), 1);
  EXPECT_EQ(op->inputs()[1].dtype(), DType::kS8);
  auto exact = tests::slow_conv2d(window_, case_.values(), case_.weight, case_.bias);
  const auto added = integers(exact.size(), -127, 127, 5);
  for (std::size_t i = 0; i < exact.size(); ++i) exact[i] += added[i] * summand.step;
  expect_rounded(tests::run_operator(*op, {case_.source, added}), tests::slow_relu(exact), result);
}

TEST_P(QuantizedConv2d, AddsWhatLiesOtherwiseAtSpeed) {
  auto weights = case_.named.packed();
  const ActivationStep step{0.05F, false};
  const QuantizedParams steps{"w.steps", case_.source_step, step, step};
  const auto free = make_quantized_conv2d(case_.params, {"w.steps", case_.source_step, {}, step},
                                          Format(case_.shape, Layout::kNhwc), nullptr, weights);
  const auto exact = tests::slow_conv2d(window_, case_.values(), case_.weight, case_.bias);
  const auto added = integers(exact.size(), 0, 255, 5);
  auto sums = exact;
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += added[i] * step.step;
  for (const auto layout : {Layout::kNhwc, Layout::kBlocked8, Layout::kBlocked16}) {
    const Format summand(free->output().shape(), layout, DType::kU8);
    const auto op =
        make_quantized_conv2d(case_.params, steps, Format(case_.shape, Layout::kNhwc), &summand, weights);
    EXPECT_EQ(op->implementation().starts_with("ref"), free->implementation().starts_with("ref"))
        << op->implementation();
    expect_rounded(tests::run_operator(*op, {case_.source, added}), sums, step);
  }
}

INSTANTIATE_TEST_SUITE_P(AwkwardSizes, QuantizedConv2d,
                         ::testing::Combine(::testing::ValuesIn(tests::convolution_cases()),
                                            ::testing::Bool()));

// These do not commute with a change of units as a ReLU does.
TEST(QuantizedConv2dActivation, ComputesSiluAndSigmoidInTheValuesOwnUnits) {
  if (!multiplies_int8()) GTEST_SKIP() << "needs VNNI";
  const WindowCase window{16, 16, 5, 6, 1, 1, 0, 1};
  for (const auto activation : {Activation::kSilu, Activation::kSigmoid, Activation::kNone}) {
    Case one(window, false);
    one.params.activation = activation;
    auto weights = one.named.packed();
    const ActivationStep result{0.01F, true};
    const auto op = make_quantized_conv2d(one.params, {"w.steps", one.source_step, {}, result},
                                          Format(one.shape, Layout::kNhwc), nullptr, weights);
    expect_rounded(
        tests::run_operator(*op, {one.source}),
        tests::slow_activation(activation, tests::slow_conv2d(window, one.values(), one.weight, one.bias)),
        result);
  }
}

TEST(QuantizedConv2dErrors, RefusesASummandOfAnotherShape) {
  Case one({16, 16, 5, 6, 1, 1, 0, 1}, false);
  auto weights = one.named.packed();
  const Format other({1, 16, 5, 5}, Layout::kNhwc, DType::kU8);
  EXPECT_THROW(
      make_quantized_conv2d(one.params, {"w.steps", one.source_step, ActivationStep{}, ActivationStep{}},
                            Format(one.shape, Layout::kNhwc), &other, weights),
      ShapeError);
}

class QuantizedLinear : public WithVnni<tests::LinearCase> {};

TEST_P(QuantizedLinear, IsItsDefinition) {
  const auto& shape = GetParam();
  Case one({shape.in, shape.out, 1, shape.rows, 1, 1, 0, 1}, true);
  auto weights = one.named.packed();
  const auto op = make_quantized_linear(one.params, {"w.steps", one.source_step, {}, {}},
                                        Format({shape.rows, shape.in}, Layout::kRowMajor), weights);
  EXPECT_EQ(op->inputs()[0], Format({shape.rows, shape.in}, Layout::kRowMajor, DType::kS8));
  tests::expect_close(tests::run_operator(*op, {one.source}),
                      tests::slow_linear(shape, one.values(), one.weight, one.bias), 5e-3F);
}

INSTANTIATE_TEST_SUITE_P(Sizes, QuantizedLinear, ::testing::ValuesIn(tests::linear_cases()));

TEST(QuantizedLinearErrors, RefusesMaps) {
  Case one({16, 16, 5, 6, 1, 1, 0, 1}, false);
  auto weights = one.named.packed();
  EXPECT_THROW(make_quantized_linear(one.params, {"w.steps", one.source_step, {}, {}},
                                     Format(one.shape, Layout::kNhwc), weights),
               ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
