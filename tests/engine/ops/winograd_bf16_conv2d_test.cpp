// SPDX-License-Identifier: MIT
#include "engine/ops/winograd_bf16_conv2d.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/ops/platform.hpp"
#include "engine/ops/winograd_conv2d.hpp"
#include "engine/tensor/bf16.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

using winograd::Variant;

/// Products in bf16 where the processor has them, and the same values multiplied as f32 on any.
enum class Path : std::uint8_t { kNative, kPortable };

struct Values {
  DType dtype;
  Layout layout;
};
constexpr Values kNative[] = {{DType::kBf16, Layout::kBlocked16},
                              {DType::kBf16, Layout::kNhwc},
                              {DType::kU8, Layout::kNhwc},
                              {DType::kS8, Layout::kNhwc}};

/// Whole numbers from `least` to `most`.
std::vector<float> integers(std::size_t count, int least, int most, unsigned seed) {
  auto values = tests::random_values(count, seed);
  const float range = static_cast<float>(most - least + 1);
  for (float& value : values) {
    value = static_cast<float>(least) + std::floor((value + 1) / 2 * range * 0.999F);
  }
  return values;
}

/// A convolution whose inputs and weights are small whole numbers: all that F(2x2,3x3) computes of them can
/// be held by bf16, and the result is its definition's to the last bit.
struct Case {
  Case(int in, int out, int height, int width, int least = -8)
      : window{in, out, height, width, 3, 1, 1, 1},
        source(integers(count(in, height * width), least, 8, 1)),
        weight(integers(count(in * out, 9), -3, 3, 2)),
        bias(integers(count(out, 1), -9, 9, 3)),
        summand(integers(count(out, height * width), std::max(least, -100), 100, 4)),
        params{tests::conv2d_params(window)} {
    named.set("w", weight);
    named.set("b", bias);
  }
  static std::size_t count(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }
  Format format(int channels, Layout layout, DType dtype) const {
    return Format({1, channels, window.height, window.width}, layout, dtype);
  }
  std::vector<float> exact() const { return tests::slow_conv2d(window, source, weight, bias); }

  std::unique_ptr<Operator> native(Variant variant, const Values& values, DType result,
                                   const QuantizedParams* steps, PackedWeights& weights) const {
    const auto from = format(window.channels, values.layout, values.dtype);
    const auto to = format(window.out_channels, values.layout, result);
    return make_winograd_bf16_conv2d(params, variant, steps, from, to, nullptr, weights);
  }
  std::unique_ptr<Operator> portable(Variant variant, PackedWeights& weights) const {
    auto rounded = params;
    rounded.round_products = true;
    return make_winograd_conv2d(rounded, variant, format(window.channels, Layout::kBlocked16, DType::kF32),
                                format(window.out_channels, Layout::kBlocked16, DType::kF32), false, weights);
  }

  tests::WindowCase window;
  std::vector<float> source, weight, bias, summand;
  Conv2dParams params;
  tests::NamedWeights named;
};

double deviation(const std::vector<float>& values) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const float value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / count);
}

/// Root mean square of the difference as a share of the reference's standard deviation.
double error(const std::vector<float>& ours, const std::vector<float>& expected) {
  double squares = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    squares += (static_cast<double>(ours[i]) - expected[i]) * (static_cast<double>(ours[i]) - expected[i]);
  }
  return std::sqrt(squares / static_cast<double>(ours.size())) / deviation(expected);
}

class WinogradBf16 : public ::testing::TestWithParam<Path> {
 protected:
  void SetUp() override {
    if (GetParam() == Path::kNative && !winograd_multiplies_bf16()) {
      GTEST_SKIP() << "this processor does not multiply bf16";
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Paths, WinogradBf16, ::testing::Values(Path::kNative, Path::kPortable),
                         [](const auto& param) {
                           return param.param == Path::kNative ? "native" : "portable";
                         });

TEST_P(WinogradBf16, F2x2IsItsDefinitionToTheBitOnSmallWholeNumbers) {
  const int sizes[][4] = {{16, 16, 1, 1},   {16, 48, 2, 3},   {32, 64, 4, 4}, {48, 80, 1, 17},
                          {64, 144, 13, 8}, {32, 16, 33, 47}, {16, 64, 5, 90}};
  for (const auto& [in, out, height, width] : sizes) {
    SCOPED_TRACE(std::to_string(in) + " -> " + std::to_string(out) + " " + std::to_string(height) + "x" +
                 std::to_string(width));
    if (GetParam() == Path::kPortable) {
      Case one(in, out, height, width);
      auto weights = one.named.packed();
      EXPECT_EQ(tests::run_operator(*one.portable(Variant::kF2x2, weights), {one.source}), one.exact());
      continue;
    }
    for (const auto& values : kNative) {
      Case one(in, out, height, width, values.dtype == DType::kU8 ? 0 : -8);
      auto weights = one.named.packed();
      const auto op = one.native(Variant::kF2x2, values, DType::kF32, nullptr, weights);
      EXPECT_EQ(op->implementation(), "winograd:F(2x2,3x3) bf16");
      EXPECT_EQ(tests::run_operator(*op, {one.source}), one.exact()) << to_string(values.dtype);
    }
  }
}

// What the points were chosen for (bench/winograd_points.py): the textbook's would have twice that.
TEST_P(WinogradBf16, F4x4StaysWithinAHundredthOfTheDeviation) {
  Case one(256, 64, 22, 19);
  one.source = tests::random_values(one.source.size(), 5);
  for (float& value : one.source) value = nearest_bf16(value);
  one.named.set("w", one.weight = tests::random_values(one.weight.size(), 6));
  auto weights = one.named.packed();
  const auto op = GetParam() == Path::kPortable
                      ? one.portable(Variant::kF4x4, weights)
                      : one.native(Variant::kF4x4, kNative[0], DType::kF32, nullptr, weights);
  const double found = error(tests::run_operator(*op, {one.source}), one.exact());
  EXPECT_LT(found, 0.0115);
  EXPECT_GT(found, 0.004) << "was anything rounded?";
}

class WinogradBf16Native : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!winograd_multiplies_bf16()) GTEST_SKIP() << "this processor does not multiply bf16";
  }
};

// Else what NEURON_EMU_PRECISION=1 says elsewhere would not be what is found here.
TEST_F(WinogradBf16Native, FindsWhatThePortablePathSays) {
  for (const auto variant : {Variant::kF2x2, Variant::kF4x4}) {
    Case one(128, 64, 21, 30);
    one.source = tests::random_values(one.source.size(), 5);
    for (float& value : one.source) value = nearest_bf16(value);
    one.named.set("w", tests::random_values(one.weight.size(), 6));
    auto weights = one.named.packed();
    const auto op = one.native(variant, kNative[1], DType::kF32, nullptr, weights);
    const auto portable = tests::run_operator(*one.portable(variant, weights), {one.source});
    // Patches that lie between two values of bf16 may go either way.
    EXPECT_LT(error(tests::run_operator(*op, {one.source}), portable), 5e-4) << to_string(variant);
  }
}

TEST_F(WinogradBf16Native, AddsInPlaceBeforeTheReluAndRoundsOnce) {
  for (const auto layout : {Layout::kBlocked16, Layout::kNhwc}) {
    for (const bool relu : {false, true}) {
      Case one(32, 48, 9, 14);
      one.params.activation = relu ? Activation::kRelu : Activation::kNone;
      auto weights = one.named.packed();
      const auto to = one.format(48, layout, DType::kBf16);
      const auto op = make_winograd_bf16_conv2d(one.params, Variant::kF2x2, nullptr,
                                                one.format(32, layout, DType::kBf16), to, &to, weights);
      ASSERT_EQ(op->in_place(), 1);
      auto expected = one.exact();
      for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += one.summand[i];
      if (relu) expected = tests::slow_relu(expected);
      for (float& value : expected) value = nearest_bf16(value);
      EXPECT_EQ(tests::run_operator(*op, {one.source, one.summand}), expected);
    }
  }
}

struct Steps {
  bool source_signed, summand_signed, result_signed;
};

// Steps are powers of two, so that nothing but the last rounding rounds.
TEST_F(WinogradBf16Native, ComputesOnSteps) {
  for (const auto& [source_signed, summand_signed, result_signed] :
       {Steps{false, false, false}, Steps{true, false, true}, Steps{false, true, false},
        Steps{true, true, true}}) {
    Case one(48, 32, 11, 6, source_signed && summand_signed ? -8 : 0);
    const QuantizedParams steps{"", ActivationStep{0.5F, source_signed}, ActivationStep{2, summand_signed},
                                ActivationStep{4, result_signed}};
    auto weights = one.named.packed();
    const auto to = one.format(32, Layout::kNhwc, steps.result->dtype());
    const auto held = to.as(steps.summand->dtype());
    const auto op =
        make_winograd_bf16_conv2d(one.params, Variant::kF2x2, &steps,
                                  one.format(48, Layout::kNhwc, steps.source->dtype()), to, &held, weights);
    // In units of steps: the source's are halves of what the convolution sees.
    auto no_bias = one.bias;
    std::ranges::fill(no_bias, 0.F);
    auto expected = tests::slow_conv2d(one.window, one.source, one.weight, no_bias);
    const std::size_t plane = static_cast<std::size_t>(one.window.height * one.window.width);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const float value = 0.5F * expected[i] + one.bias[i / plane] + 2 * one.summand[i];
      expected[i] = std::clamp(std::nearbyint(value / 4), steps.result->least(), steps.result->most());
    }
    EXPECT_EQ(tests::run_operator(*op, {one.source, one.summand}), expected);
  }
}

TEST_F(WinogradBf16Native, GivesTheSameBitsWithAnyNumberOfThreads) {
  Case one(16, 80, 61, 45);
  one.source = tests::random_values(one.source.size(), 5);
  auto weights = one.named.packed();
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3}) {
    omp_set_num_threads(threads);
    const auto op = one.native(Variant::kF4x4, kNative[0], DType::kBf16, nullptr, weights);
    results.push_back(tests::run_operator(*op, {one.source}));
  }
  omp_set_num_threads(1);
  EXPECT_EQ(results[1], results[0]);
  EXPECT_EQ(results[2], results[0]);
}

TEST_F(WinogradBf16Native, IsOfferedOnlyWhereItCanRun) {
  Case one(16, 16, 8, 8);
  const auto lies = [&](Layout layout, DType dtype) { return one.format(16, layout, dtype); };
  const auto can = [&](const Format& from, const Format& to) {
    return winograd_bf16_can(one.params, from, to);
  };
  const auto nhwc = lies(Layout::kNhwc, DType::kBf16), blocked = lies(Layout::kBlocked16, DType::kBf16);
  EXPECT_TRUE(can(nhwc, nhwc));
  EXPECT_TRUE(can(blocked, blocked));
  EXPECT_TRUE(can(lies(Layout::kNhwc, DType::kU8), nhwc));
  EXPECT_FALSE(can(nhwc, blocked));
  EXPECT_FALSE(can(lies(Layout::kBlocked8, DType::kBf16), lies(Layout::kBlocked8, DType::kBf16)));
  EXPECT_FALSE(can(lies(Layout::kNhwc, DType::kF32), nhwc));
  one.params.out_channels = 24;
  EXPECT_FALSE(can(nhwc, nhwc));
  one.params.out_channels = 16;
  one.params.activation = Activation::kSilu;
  EXPECT_FALSE(can(nhwc, nhwc));
}

TEST_F(WinogradBf16Native, MakesConvolutionsOfBf16AndOf8Bits) {
  Case one(32, 32, 8, 8);
  one.params.result = DType::kBf16;
  auto weights = one.named.packed();
  const auto source = one.format(32, Layout::kNhwc, DType::kBf16);
  EXPECT_EQ(conv2d_algorithms(one.params, source, nullptr).size(), 3U);
  EXPECT_EQ(make_conv2d(one.params, source, weights, Conv2dAlgorithm::kWinograd4x4)->implementation(),
            "winograd:F(4x4,3x3) bf16");
  const QuantizedParams steps{"", {}, std::nullopt, ActivationStep{}};
  EXPECT_EQ(make_quantized_conv2d(one.params, steps, source, nullptr, weights, Conv2dAlgorithm::kWinograd2x2)
                ->implementation(),
            "winograd:F(2x2,3x3) bf16");
}

// The coarsest level of a small picture is one: there its values lie alike in several layouts.
TEST_F(WinogradBf16Native, TakesMapsOfOneCell) {
  for (const int channels : {16, 32}) {
    Case one(channels, 48, 1, 1);
    auto weights = one.named.packed();
    const QuantizedParams steps{"", ActivationStep{1, true}, std::nullopt, std::nullopt};
    const auto source = one.format(channels, Layout::kNhwc, DType::kS8);
    const auto op =
        make_quantized_conv2d(one.params, steps, source, nullptr, weights, Conv2dAlgorithm::kWinograd2x2);
    EXPECT_EQ(op->implementation(), "winograd:F(2x2,3x3) bf16");
    EXPECT_EQ(tests::run_operator(*op, {one.source}), one.exact());
  }
}

}  // namespace
}  // namespace rcnn::engine
