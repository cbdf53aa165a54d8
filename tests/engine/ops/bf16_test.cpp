// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/ops.hpp"
#include "engine/ops/platform.hpp"
#include "tests/support/operator_cases.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

// Operators on bf16, where the processor has products of it; elsewhere no model runs so.
namespace rcnn::engine {
namespace {

using tests::WindowCase;

constexpr float kHalfAnUlp = 1.F / 256;  ///< Of a value that is rounded to bf16, against the value

std::vector<float> in_bf16(const std::vector<float>& values) {
  const Format format({static_cast<std::int64_t>(values.size())}, Layout::kRowMajor);
  return tests::run_operator(*make_round_to_bf16("round", format), {values});
}

std::vector<float> random_bf16(std::size_t count, std::uint32_t seed) {
  return in_bf16(tests::random_values(count, seed));
}

void expect_rounded(const std::vector<float>& found, const std::vector<float>& exact) {
  ASSERT_EQ(found.size(), exact.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], exact[i], std::abs(exact[i]) * kHalfAnUlp + 2e-5F) << "at value " << i;
  }
}

class Bf16 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!multiplies_bf16()) GTEST_SKIP() << "no products of bf16 here";
  }
};

/// One convolution on values that bf16 holds.
struct Bf16Conv2d {
  explicit Bf16Conv2d(const WindowCase& shape) : window(shape) {
    named.set("w", weight);
    named.set("b", bias);
  }
  static std::size_t count(int a, int b, int c) { return static_cast<std::size_t>(a * b * c); }
  std::vector<float> exact() const { return tests::slow_conv2d(window, source, weight, bias); }

  WindowCase window;
  std::vector<float> source = random_bf16(count(window.channels, window.height, window.width), 1);
  std::vector<float> weight = random_bf16(
      count(window.out_channels, window.channels / window.groups, window.kernel* window.kernel), 2);
  std::vector<float> bias = tests::random_values(count(window.out_channels, 1, 1), 3);
  Conv2dParams params = tests::conv2d_params(window);
  Format format{{1, window.channels, window.height, window.width}, Layout::kNhwc, DType::kBf16};
  tests::NamedWeights named;
};

// Products of two bf16 are exact in f32; what differs is the order of the sums.
TEST_F(Bf16, ConvolutionsGiveF32ThatIsTheirDefinition) {
  for (const auto& window : tests::convolution_cases()) {
    Bf16Conv2d one(window);
    auto weights = one.named.packed();
    const auto op = make_conv2d(one.params, one.format, weights);
    SCOPED_TRACE(::testing::PrintToString(window) + " by " + op->implementation());
    EXPECT_EQ(op->output().dtype(), DType::kF32);
    tests::expect_close(tests::run_operator(*op, {one.source}), one.exact(), 1e-4F);
  }
}

TEST_F(Bf16, ConvolutionsAddInPlaceAndRoundTheirResultOnce) {
  for (const auto& window : tests::convolution_cases()) {
    Bf16Conv2d one(window);
    one.params.activation = Activation::kRelu;
    one.params.result = DType::kBf16;
    auto weights = one.named.packed();
    const auto summand = make_conv2d(one.params, one.format, weights)->output();
    const auto op = make_conv2d_sum(one.params, one.format, summand, weights);
    SCOPED_TRACE(::testing::PrintToString(window) + " by " + op->implementation());
    auto exact = one.exact();
    const auto added = random_bf16(exact.size(), 4);
    for (std::size_t i = 0; i < exact.size(); ++i) exact[i] += added[i];
    expect_rounded(tests::run_operator(*op, {one.source, added}), tests::slow_relu(exact));
  }
}

TEST_F(Bf16, ConvolutionsOfWholeBlocksMultiplyIt) {
  tests::NamedWeights named;
  named.set("w", random_bf16(std::size_t{64} * 64 * 9, 1));
  auto weights = named.packed();
  const Conv2dParams params{"conv", "w", "", 64, 3, 1, 1, 1, Activation::kRelu, DType::kBf16};
  const auto op = make_conv2d(params, Format({1, 64, 20, 20}, Layout::kNhwc, DType::kBf16), weights);
  EXPECT_EQ(op->inputs()[0].dtype(), DType::kBf16);
  EXPECT_EQ(op->output().dtype(), DType::kBf16);
}

TEST_F(Bf16, LinearLayersAreTheirDefinition) {
  for (const auto& shape : tests::linear_cases()) {
    const auto count = [](std::int64_t a, std::int64_t b) { return static_cast<std::size_t>(a * b); };
    const auto source = random_bf16(count(shape.rows, shape.in), 1);
    const auto weight = random_bf16(count(shape.out, shape.in), 2);
    const auto bias = tests::random_values(count(shape.out, 1), 3);
    tests::NamedWeights named;
    named.set("w", weight);
    named.set("b", bias);
    auto weights = named.packed();
    Conv2dParams params{"linear", "w", "b", shape.out};
    const Format format({shape.rows, shape.in}, Layout::kRowMajor, DType::kBf16);
    tests::expect_close(tests::run_operator(*make_linear(params, format, weights), {source}),
                        tests::slow_linear(shape, source, weight, bias), 1e-3F);
  }
}

TEST_F(Bf16, PoolingsAndSumsKeepTheType) {
  const WindowCase window{32, 32, 16, 12, 3, 2, 1, 1};
  const Format format({1, 32, 16, 12}, Layout::kNhwc, DType::kBf16);
  const auto values = random_bf16(std::size_t{32} * 16 * 12, 1);
  const auto others = random_bf16(values.size(), 2);

  const auto pool = make_max_pool2d("pool", format, 3, 2, 1);
  EXPECT_EQ(pool->output().dtype(), DType::kBf16);
  EXPECT_EQ(tests::run_operator(*pool, {values}), tests::slow_max_pool2d(window, values));

  std::vector<float> sum = values;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += others[i];
  const auto add = make_add("add", format, format);
  EXPECT_EQ(add->output().dtype(), DType::kBf16);
  expect_rounded(tests::run_operator(*add, {values, others}), sum);

  const auto coarse = random_bf16(values.size() / 4, 3);
  const auto upsample = make_upsample_add("up", format, Format({1, 32, 8, 6}, Layout::kNhwc, DType::kBf16));
  EXPECT_EQ(upsample->output().dtype(), DType::kBf16);
  expect_rounded(tests::run_operator(*upsample, {values, coarse}),
                 tests::slow_upsample_add(32, 8, 6, values, coarse));

  for (const auto activation : {Activation::kRelu, Activation::kSilu, Activation::kSigmoid}) {
    const auto op = make_activation("activation", activation, format);
    EXPECT_EQ(op->output().dtype(), DType::kBf16);
    expect_rounded(tests::run_operator(*op, {values}), tests::slow_activation(activation, values));
  }

  const auto mean = make_global_avg_pool("mean", format);
  EXPECT_EQ(mean->output().dtype(), DType::kBf16);
  const auto means = tests::run_operator(*mean, {values});
  const auto factors = make_scale("scale", format, Format({1, 32, 1, 1}, Layout::kNhwc, DType::kBf16));
  std::vector<float> exact(32, 0), scaled = values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    exact[i / (16 * 12)] += values[i] / (16 * 12);
    scaled[i] *= means[i / (16 * 12)];
  }
  expect_rounded(means, exact);
  expect_rounded(tests::run_operator(*factors, {values, means}), scaled);
}

}  // namespace
}  // namespace rcnn::engine
