// SPDX-License-Identifier: MIT
#include "engine/ops/pointwise_float_conv2d.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include "engine/ops/platform.hpp"
#include "engine/tensor/bf16.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

/// Small whole numbers: sums are exact in f32, whatever their order.
std::vector<float> integers(std::size_t count, unsigned seed) {
  auto values = tests::random_values(count, seed);
  for (float& value : values) value = static_cast<float>(static_cast<int>(value * 9));
  return values;
}

struct Case {
  Case(DType of, int in, int out, int height, int width, int stride)
      : type(of),
        window{in, out, height, width, 1, stride, 0, 1},
        source(integers(count(in, height * width), 1)),
        weight(integers(count(in, out), 2)),
        bias(integers(count(out, 1), 3)),
        params{tests::conv2d_params(window)} {
    named.set("w", weight);
    named.set("b", bias);
  }
  static std::size_t count(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }
  Format source_format(Layout layout) const {
    return Format({1, window.channels, window.height, window.width}, layout, type);
  }
  Format destination_format(Layout layout) const {
    return Format({1, window.out_channels, tests::windowed_extent(window.height, window),
                   tests::windowed_extent(window.width, window)},
                  layout, type);
  }
  std::unique_ptr<Operator> make(Layout layout, bool sum, PackedWeights& weights) const {
    return make_pointwise_float_conv2d(params, source_format(layout), destination_format(layout), sum,
                                       weights);
  }

  /// As a result is held.
  float nearest(float value) const { return type == DType::kBf16 ? nearest_bf16(value) : value; }

  DType type;
  tests::WindowCase window;
  std::vector<float> source, weight, bias;
  Conv2dParams params;
  tests::NamedWeights named;
};

class PointwiseFloat : public ::testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    const Case one(GetParam(), 16, 16, 2, 2, 1);
    const auto format = one.source_format(Layout::kNhwc);
    if (!pointwise_float_can(one.params, format, format))
      GTEST_SKIP() << "this processor does not multiply " << to_string(GetParam()) << " so";
  }
};

TEST_P(PointwiseFloat, IsItsDefinitionRoundedOnceAtAwkwardSizes) {
  const int sizes[]
                 [5] = {{16, 16, 1, 1, 1},     {32, 64, 2, 3, 1},   {48, 80, 13, 1, 1},
                        {64, 144, 5, 7, 2},    {16, 208, 8, 8, 2},  {512, 32, 19, 23, 1},
                        {32, 48, 1, 31, 2},    {2064, 80, 1, 7, 1},  // In parts, the last with fewer channels
                        {4352, 16, 2, 125, 1}, {16, 64, 67, 45, 2}};  // Blocks that end within rows
  for (const auto& [in, out, height, width, stride] : sizes) {
    for (const auto layout : {Layout::kBlocked16, Layout::kNhwc}) {
      for (const bool sum : {false, true}) {
        for (const bool relu : {false, true}) {
          Case one(GetParam(), in, out, height, width, stride);
          SCOPED_TRACE(::testing::PrintToString(one.window) + " " + to_string(layout));
          one.params.activation = relu ? Activation::kRelu : Activation::kNone;
          auto weights = one.named.packed();
          const auto op = one.make(layout, sum, weights);
          EXPECT_EQ(op->in_place(), sum ? 1 : -1);
          auto expected = tests::slow_conv2d(one.window, one.source, one.weight, one.bias);
          std::vector<std::vector<float>> inputs{one.source};
          if (sum) inputs.push_back(integers(expected.size(), 4));
          for (std::size_t i = 0; i < expected.size(); ++i) {
            if (sum) expected[i] += inputs[1][i];
            if (relu) expected[i] = std::max(expected[i], 0.F);
            expected[i] = one.nearest(expected[i]);
          }
          EXPECT_EQ(tests::run_operator(*op, inputs), expected);
        }
      }
    }
  }
}

TEST_P(PointwiseFloat, RunsWithoutABias) {
  Case one(GetParam(), 32, 16, 3, 3, 1);
  one.params.bias.clear();
  auto weights = one.named.packed();
  auto expected = tests::slow_conv2d(one.window, one.source, one.weight, {});
  for (float& value : expected) value = one.nearest(value);
  EXPECT_EQ(tests::run_operator(*one.make(Layout::kNhwc, false, weights), {one.source}), expected);
}

TEST_P(PointwiseFloat, GivesTheSameBitsWithAnyNumberOfThreads) {
  Case one(GetParam(), 64, 80, 61, 45, 1);
  one.source = tests::random_values(one.source.size(), 5);
  auto weights = one.named.packed();
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3}) {
    omp_set_num_threads(threads);
    results.push_back(tests::run_operator(*one.make(Layout::kBlocked16, false, weights), {one.source}));
  }
  omp_set_num_threads(1);
  EXPECT_EQ(results[1], results[0]);
  EXPECT_EQ(results[2], results[0]);
}

TEST_P(PointwiseFloat, IsWhat1x1ConvolutionsAndMatricesRunOn) {
  Case one(GetParam(), 32, 32, 8, 8, 1);
  one.params.result = one.type;
  auto weights = one.named.packed();
  const auto name = "pointwise:" + to_string(one.type);
  const auto source = one.source_format(Layout::kBlocked16);
  EXPECT_EQ(make_conv2d(one.params, source, weights)->implementation(), name);
  EXPECT_EQ(make_conv2d_sum(one.params, source, source, weights)->implementation(), name);
  const Format rows({5, 32}, Layout::kRowMajor, one.type);
  EXPECT_EQ(make_linear(one.params, rows, weights)->implementation(), name);
  if (one.type == DType::kF32) return;  // What reads f32 has no other result
  one.params.result = DType::kF32;
  EXPECT_NE(make_conv2d(one.params, source, weights)->implementation(), name);
}

TEST_P(PointwiseFloat, IsOfferedOnlyWhereItCanRun) {
  Case one(GetParam(), 16, 16, 8, 8, 1);
  const auto nhwc = one.source_format(Layout::kNhwc), blocked = one.source_format(Layout::kBlocked16);
  EXPECT_TRUE(pointwise_float_can(one.params, blocked, blocked));
  EXPECT_FALSE(pointwise_float_can(one.params, nhwc, blocked));
  const auto other = one.type == DType::kF32 ? DType::kBf16 : DType::kF32;
  EXPECT_FALSE(pointwise_float_can(one.params, nhwc.as(other), nhwc));
  EXPECT_FALSE(pointwise_float_can(one.params, nhwc, nhwc.as(other)));
  EXPECT_FALSE(pointwise_float_can(one.params, nhwc.as(DType::kU8), nhwc.as(DType::kU8)));
  const auto refused = [&](auto change) {
    auto params = one.params;
    change(params);
    return !pointwise_float_can(params, nhwc, nhwc);
  };
  EXPECT_TRUE(refused([](auto& params) { params.kernel = 3; }));
  EXPECT_TRUE(refused([](auto& params) { params.groups = 2; }));
  EXPECT_TRUE(refused([](auto& params) { params.out_channels = 12; }));
  EXPECT_TRUE(refused([](auto& params) { params.activation = Activation::kSilu; }));
}

INSTANTIATE_TEST_SUITE_P(Types, PointwiseFloat, ::testing::Values(DType::kF32, DType::kBf16),
                         [](const auto& type) { return to_string(type.param); });

}  // namespace
}  // namespace rcnn::engine
