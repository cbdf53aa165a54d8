// SPDX-License-Identifier: MIT
#include "engine/ops/pointwise_int8_conv2d.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>

#include "engine/errors.hpp"
#include "engine/ops/platform.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

/// Whole numbers from `least` to `most`.
std::vector<float> integers(std::size_t count, int least, int most, unsigned seed) {
  auto values = tests::random_values(count, seed);
  for (float& value : values) {
    value = std::round((value + 1) / 2 * static_cast<float>(most - least)) + static_cast<float>(least);
  }
  return values;
}

/// A convolution of integers times steps that are powers of two: nothing but the last step rounds.
struct Case {
  Case(int in, int out, int height, int width, bool is_signed = false)
      : window{in, out, height, width, 1, 1, 0, 1},
        source_step{0.5F, is_signed},
        source(integers(count(in, height * width), is_signed ? -128 : 0, is_signed ? 127 : 255, 1)),
        weight(integers(count(in, out), -127, 127, 2)),
        bias(integers(count(out, 1), -99, 99, 3)),
        weight_steps(count(out, 1)),
        params{tests::conv2d_params(window)} {
    for (std::size_t o = 0; o < weight_steps.size(); ++o) {
      weight_steps[o] = std::ldexp(1.F, -static_cast<int>(o % 4));
      for (std::size_t c = 0; c < count(in, 1); ++c) weight[o * count(in, 1) + c] *= weight_steps[o];
    }
    named.set("w", weight);
    named.set("b", bias);
    named.set("w.steps", weight_steps);
  }
  static std::size_t count(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }
  Format format(int channels) const {
    return Format({1, channels, window.height, window.width}, Layout::kNhwc);
  }
  std::vector<float> exact() const {
    auto values = source;
    for (float& value : values) value *= source_step.step;
    return tests::slow_conv2d(window, values, weight, bias);
  }

  tests::WindowCase window;
  ActivationStep source_step;
  std::vector<float> source, weight, bias, weight_steps;
  Conv2dParams params;
  tests::NamedWeights named;
};

std::vector<float> rounded(std::vector<float> values, const ActivationStep& step) {
  for (float& value : values)
    value = std::clamp(std::nearbyint(value / step.step), step.least(), step.most());
  return values;
}

class PointwiseInt8Conv2d : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!pointwise_int8_can(tests::conv2d_params({64, 64, 1, 1, 1, 1, 0, 1}), 64)) {
      GTEST_SKIP() << "this processor does not multiply 8 bits so";
    }
  }
};

TEST_F(PointwiseInt8Conv2d, IsItsDefinitionRounded) {
  for (const bool is_signed : {false, true}) {
    for (const auto& result : {ActivationStep{64, false}, ActivationStep{64, true}}) {
      Case one(20, 80, 5, 7, is_signed);
      one.params.activation = Activation::kRelu;
      auto weights = one.named.packed();
      const auto op = make_pointwise_int8_conv2d(one.params, {"w.steps", one.source_step, {}, result},
                                                 one.format(20), nullptr, weights);
      EXPECT_EQ(op->implementation(), "pointwise:int8 vnni");
      EXPECT_EQ(op->inputs()[0], one.format(20).as(one.source_step.dtype()));
      EXPECT_EQ(op->output(), one.format(80).as(result.dtype()));
      EXPECT_EQ(tests::run_operator(*op, {one.source}), rounded(tests::slow_relu(one.exact()), result));
    }
  }
}

TEST_F(PointwiseInt8Conv2d, AddsInPlaceWhatIsHeldInOtherSteps) {
  for (const bool of_signed : {false, true}) {
    for (const auto& result : {ActivationStep{64, false}, ActivationStep{64, true}}) {
      Case one(64, 64, 3, 11);
      auto weights = one.named.packed();
      const ActivationStep summand{16, of_signed};
      const auto lies = one.format(64);
      const auto op = make_pointwise_int8_conv2d(one.params, {"w.steps", one.source_step, summand, result},
                                                 one.format(64), &lies, weights);
      ASSERT_EQ(op->in_place(), 1);
      EXPECT_EQ(op->inputs()[1].dtype(), summand.dtype());
      auto exact = one.exact();
      const auto added = integers(exact.size(), of_signed ? -128 : 0, 127, 5);
      for (std::size_t i = 0; i < exact.size(); ++i) exact[i] += 16 * added[i];
      EXPECT_EQ(tests::run_operator(*op, {one.source, added}), rounded(exact, result));
    }
  }
}

// Odd sides leave the last row and column to be read, even ones do not.
TEST_F(PointwiseInt8Conv2d, LeavesOutRowsAndColumnsBetweenStrides) {
  for (const int stride : {2, 3}) {
    for (const auto& [height, width] :
         {std::pair{7, 9}, std::pair{8, 6}, std::pair{1, 31}, std::pair{5, 2}, std::pair{67, 45}}) {
      Case one(12, 64, height, width, true);
      one.params.stride = one.window.stride = stride;
      auto weights = one.named.packed();
      const ActivationStep result{64, true};
      const auto op = make_pointwise_int8_conv2d(one.params, {"w.steps", one.source_step, {}, result},
                                                 one.format(12), nullptr, weights);
      EXPECT_EQ(tests::run_operator(*op, {one.source}), rounded(one.exact(), result));
    }
  }
}

// In one block, and in two of which neither is an image.
TEST_F(PointwiseInt8Conv2d, GoesFromImageToImage) {
  for (const auto& [height, width] : {std::pair{6, 3}, std::pair{41, 25}}) {
    Case one(16, 64, height, width);
    one.params.stride = one.window.stride = 2;
    auto weights = one.named.packed();
    const QuantizedParams steps{"w.steps", one.source_step, {}, {}};
    const Format images({2, 16, height, width}, Layout::kNhwc);
    const auto op = make_pointwise_int8_conv2d(one.params, steps, images, nullptr, weights);
    auto both = one.source;
    const std::vector<float> second(one.source.rbegin(), one.source.rend());
    both.insert(both.end(), second.begin(), second.end());
    auto expected = one.exact();
    one.source = second;
    const auto more = one.exact();
    expected.insert(expected.end(), more.begin(), more.end());
    EXPECT_EQ(tests::run_operator(*op, {both}), expected);
  }
}

TEST_F(PointwiseInt8Conv2d, GivesFloatsAndAddsToThem) {
  Case one(16, 64, 4, 4);
  auto weights = one.named.packed();
  const QuantizedParams steps{"w.steps", one.source_step, {}, {}};
  EXPECT_EQ(
      tests::run_operator(*make_pointwise_int8_conv2d(one.params, steps, one.format(16), nullptr, weights),
                          {one.source}),
      one.exact());
  const auto lies = one.format(64);
  const auto op = make_pointwise_int8_conv2d(one.params, steps, one.format(16), &lies, weights);
  EXPECT_EQ(op->inputs()[1].dtype(), DType::kF32);
  auto expected = one.exact();
  for (float& value : expected) value += 7;
  EXPECT_EQ(tests::run_operator(*op, {one.source, std::vector<float>(expected.size(), 7)}), expected);
}

// Weights are packed in the order in which results of a size are written, and sums of s8 begin elsewhere.
TEST_F(PointwiseInt8Conv2d, SharesWeightsOnlyWithItsLike) {
  Case one(16, 64, 4, 4);
  auto weights = one.named.packed();
  const ActivationStep result{64, false};
  const auto make = [&](const ActivationStep& source, std::optional<ActivationStep> to) {
    return make_pointwise_int8_conv2d(one.params, {"w.steps", source, {}, to}, one.format(16), nullptr,
                                      weights);
  };
  const auto first = make(one.source_step, result);
  const auto alone = weights.held_bytes("w");
  const auto second = make(one.source_step, result);
  EXPECT_EQ(weights.held_bytes("w"), alone);
  const auto floats = make(one.source_step, {});
  const auto of_signed = make({0.5F, true}, result);
  EXPECT_EQ(weights.held_bytes("w"), 3 * alone);
  EXPECT_EQ(tests::run_operator(*floats, {one.source}), one.exact());
}

TEST_F(PointwiseInt8Conv2d, GivesTheSameBitsWithAnyNumberOfThreads) {
  Case one(128, 64, 61, 45);
  auto weights = one.named.packed();
  const auto lies = one.format(64);
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3}) {
    omp_set_num_threads(threads);
    const auto op = make_pointwise_int8_conv2d(
        one.params, {"w.steps", one.source_step, ActivationStep{3, true}, ActivationStep{70, true}},
        one.format(128), &lies, weights);
    results.push_back(tests::run_operator(
        *op, {one.source, integers(Case::count(64, one.window.height * one.window.width), -99, 99, 4)}));
  }
  omp_set_num_threads(1);
  EXPECT_EQ(results[1], results[0]);
  EXPECT_EQ(results[2], results[0]);
}

TEST_F(PointwiseInt8Conv2d, IsOfferedOnlyWhereItCanRun) {
  const Conv2dParams good = Case(64, 64, 2, 2).params;
  EXPECT_TRUE(multiplies_int8());
  EXPECT_TRUE(pointwise_int8_can(good, 64));
  EXPECT_FALSE(pointwise_int8_can(good, 18));
  auto other = good;
  other.kernel = 3;
  EXPECT_FALSE(pointwise_int8_can(other, 64));
  other = good;
  other.stride = 2;
  EXPECT_TRUE(pointwise_int8_can(other, 64));
  other = good;
  other.padding = 1;
  EXPECT_FALSE(pointwise_int8_can(other, 64));
  other = good;
  other.groups = 2;
  EXPECT_FALSE(pointwise_int8_can(other, 64));
  other = good;
  other.activation = Activation::kSilu;
  EXPECT_FALSE(pointwise_int8_can(other, 64));
}

TEST_F(PointwiseInt8Conv2d, TakesWholePanelsFromOneDnn) {
  for (const int out : {64, 128, 12, 80}) {
    Case one(64, out, 4, 4);
    auto weights = one.named.packed();
    const auto op =
        make_quantized_conv2d(one.params, {"w.steps", one.source_step, {}, ActivationStep{64, false}},
                              one.format(64), nullptr, weights);
    EXPECT_EQ(op->implementation() == "pointwise:int8 vnni", out % 64 == 0) << out;
    EXPECT_EQ(pointwise_int8_is_quicker(one.params), out % 64 == 0) << out;
  }
}

TEST_F(PointwiseInt8Conv2d, RefusesASummandOfAnotherShape) {
  Case one(64, 64, 4, 4);
  auto weights = one.named.packed();
  const Format other({1, 64, 4, 5}, Layout::kNhwc);
  EXPECT_THROW(
      make_pointwise_int8_conv2d(one.params, {"w.steps", one.source_step, ActivationStep{}, ActivationStep{}},
                                 one.format(64), &other, weights),
      ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
