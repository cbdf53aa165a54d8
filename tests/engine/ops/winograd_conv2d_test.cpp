// SPDX-License-Identifier: MIT
#include "engine/ops/winograd_conv2d.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <numeric>

#include "engine/errors.hpp"
#include "tests/support/instruction_sets.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

using winograd::Variant;

constexpr Variant kVariants[] = {Variant::kF2x2, Variant::kF4x4};
constexpr Layout kLayouts[] = {Layout::kBlocked8, Layout::kBlocked16};

struct Inputs {
  Inputs(int in, int out, int height, int width)
      : window{in, out, height, width, 3, 1, 1, 1},
        source(tests::random_values(static_cast<std::size_t>(in * height * width), 1)),
        weight(tests::random_values(static_cast<std::size_t>(out * in * 9), 2)),
        bias(tests::random_values(static_cast<std::size_t>(out), 3)),
        summand(tests::random_values(static_cast<std::size_t>(out * height * width), 4)),
        params{tests::conv2d_params(window)} {
    named.set("w", weight);
    named.set("b", bias);
  }
  Format source_format(Layout layout) const {
    return Format({1, window.channels, window.height, window.width}, layout);
  }
  Format destination_format(Layout layout) const {
    return Format({1, window.out_channels, window.height, window.width}, layout);
  }
  std::unique_ptr<Operator> make(Variant variant, Layout layout, bool sum, PackedWeights& weights) const {
    return make_winograd_conv2d(params, variant, source_format(layout), destination_format(layout), sum,
                                weights);
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

/// Mean absolute error as a share of the reference's standard deviation.
double error(const std::vector<float>& ours, const std::vector<float>& expected) {
  double total = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) total += std::abs(static_cast<double>(ours[i]) - expected[i]);
  return total / static_cast<double>(ours.size()) / deviation(expected);
}

TEST(WinogradConv2d, IsItsDefinitionAtAwkwardSizes) {
  const int sizes[][2] = {{1, 1}, {2, 3}, {4, 4}, {1, 17}, {7, 5}, {13, 8}, {33, 47}};
  for (const auto& [height, width] : sizes) {
    Inputs in(16, 48, height, width);
    const auto expected = tests::slow_conv2d(in.window, in.source, in.weight, in.bias);
    auto weights = in.named.packed();
    for (const auto variant : kVariants) {
      for (const auto layout : kLayouts) {
        SCOPED_TRACE(to_string(variant) + " " + to_string(layout) + " " + std::to_string(height) + "x" +
                     std::to_string(width));
        const auto op = in.make(variant, layout, false, weights);
        EXPECT_EQ(op->implementation(), "winograd:" + to_string(variant));
        tests::expect_close(tests::run_operator(*op, {in.source}), expected, 1e-4F);
      }
    }
  }
}

TEST(WinogradConv2d, IsItsDefinitionWithEveryInstructionSet) {
  Inputs in(32, 16, 7, 5);
  const auto expected = tests::slow_conv2d(in.window, in.source, in.weight, in.bias);
  auto weights = in.named.packed();
  for (const auto variant : kVariants) {
    for (const auto layout : kLayouts) {
      const auto op = in.make(variant, layout, false, weights);
      tests::with_each_instruction_set(
          [&] { tests::expect_close(tests::run_operator(*op, {in.source}), expected, 1e-4F); });
    }
  }
}

TEST(WinogradConv2d, AddsInPlaceBeforeTheRelu) {
  Inputs in(32, 32, 9, 14);
  auto expected = tests::slow_conv2d(in.window, in.source, in.weight, in.bias);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += in.summand[i];
  auto weights = in.named.packed();
  for (const auto variant : kVariants) {
    for (const auto layout : kLayouts) {
      for (const bool relu : {false, true}) {
        in.params.activation = relu ? Activation::kRelu : Activation::kNone;
        const auto op = in.make(variant, layout, true, weights);
        ASSERT_EQ(op->in_place(), 1);
        tests::expect_close(tests::run_operator(*op, {in.source, in.summand}),
                            relu ? tests::slow_relu(expected) : expected, 1e-4F);
      }
    }
  }
}

// As heads' regions are pooled. AVX-512's direct convolutions take them as they lie, and would keep it to
// themselves.
TEST(WinogradConv2d, TakesInBlocksWhatLiesChannelsLast) {
  Inputs in(32, 48, 14, 14);
  const auto channels_last = in.source_format(Layout::kNhwc);
  if (conv2d_algorithms(in.params, in.source_format(Layout::kBlocked8), nullptr).size() == 1)
    GTEST_SKIP() << "this CPU's convolutions do not lie in blocks";
  ASSERT_EQ(conv2d_algorithms(in.params, channels_last, nullptr).size(), 3U);
  auto weights = in.named.packed();
  const auto op = make_conv2d(in.params, channels_last, weights, Conv2dAlgorithm::kWinograd4x4);
  EXPECT_NE(op->inputs().at(0).layout(), Layout::kNhwc);
  tests::expect_close(tests::run_operator(*op, {in.source}),
                      tests::slow_conv2d(in.window, in.source, in.weight, in.bias), 1e-4F);
}

TEST(WinogradConv2d, RunsWithoutABias) {
  Inputs in(16, 16, 6, 6);
  in.params.bias.clear();
  auto weights = in.named.packed();
  const auto op = in.make(Variant::kF4x4, Layout::kBlocked8, false, weights);
  tests::expect_close(tests::run_operator(*op, {in.source}),
                      tests::slow_conv2d(in.window, in.source, in.weight, {}), 1e-4F);
}

// The condition under which it may stand in for the direct convolution. With points +-1, +-2 F(4x4,3x3) would
// have 1.6e-6 of the deviation here.
TEST(WinogradConv2d, StaysWithinTheErrorThatF32IsAllowed) {
  Inputs in(256, 16, 24, 24);
  const auto expected = tests::slow_conv2d(in.window, in.source, in.weight, in.bias);
  auto weights = in.named.packed();
  const double limits[] = {6e-7, 1.2e-6};
  for (const auto variant : kVariants) {
    const auto op = in.make(variant, Layout::kBlocked8, false, weights);
    EXPECT_LT(error(tests::run_operator(*op, {in.source}), expected),
              limits[variant == Variant::kF4x4 ? 1 : 0])
        << to_string(variant);
  }
}

TEST(WinogradConv2d, GivesTheSameBitsWithAnyNumberOfThreads) {
  Inputs in(16, 32, 61, 45);
  auto weights = in.named.packed();
  for (const auto variant : kVariants) {
    std::vector<std::vector<float>> results;
    for (const int threads : {1, 2, 3}) {
      omp_set_num_threads(threads);
      results.push_back(
          tests::run_operator(*in.make(variant, Layout::kBlocked8, false, weights), {in.source}));
    }
    omp_set_num_threads(1);
    EXPECT_EQ(results[1], results[0]);
    EXPECT_EQ(results[2], results[0]);
  }
}

TEST(WinogradConv2d, AgreesWithTheDirectOne) {
  Inputs in(64, 64, 19, 21);
  auto weights = in.named.packed();
  const auto source = in.source_format(Layout::kBlocked8);
  const auto algorithms = conv2d_algorithms(in.params, source, nullptr);
  if (algorithms.size() == 1) GTEST_SKIP() << "this CPU's convolutions do not lie in blocks";
  EXPECT_EQ(algorithms.size(), 3U);
  const auto direct = tests::run_operator(*make_conv2d(in.params, source, weights), {in.source});
  for (const auto algorithm : algorithms) {
    const auto op = make_conv2d(in.params, source, weights, algorithm);
    EXPECT_LT(error(tests::run_operator(*op, {in.source}), direct), 2e-6) << to_string(algorithm);
  }
}

TEST(WinogradConv2d, SharesItsWeightsAmongShapes) {
  Inputs small(16, 16, 4, 4), large(16, 16, 40, 40);
  auto weights = small.named.packed();
  const auto first = small.make(Variant::kF4x4, Layout::kBlocked8, false, weights);
  int made = 0;
  const PackedWeights::Derivation again{"winograd:F(4x4,3x3) blocks of 8", 16 * 16 * 9, 36 * 16 * 16,
                                        [&](auto, auto) { ++made; }};
  weights.derive("w", again);
  EXPECT_EQ(made, 0);
  const auto second = large.make(Variant::kF2x2, Layout::kBlocked8, false, weights);
  weights.derive("w", {"another", 16 * 16 * 9, 36 * 16 * 16, [&](auto, auto) { ++made; }});
  EXPECT_EQ(made, 1);
}

TEST(WinogradConv2d, IsOfferedOnlyWhereItCanRun) {
  Inputs in(16, 16, 8, 8);
  const auto blocked = in.source_format(Layout::kBlocked8);
  EXPECT_TRUE(winograd_can(in.params, blocked, blocked));
  EXPECT_FALSE(winograd_can(in.params, blocked, in.source_format(Layout::kBlocked16)));
  EXPECT_FALSE(winograd_can(in.params, in.source_format(Layout::kNhwc), in.source_format(Layout::kNhwc)));
  const auto refused = [&](auto change) {
    auto params = in.params;
    change(params);
    return !winograd_can(params, blocked, blocked);
  };
  EXPECT_TRUE(refused([](auto& params) { params.stride = 2; }));
  EXPECT_TRUE(refused([](auto& params) { params.kernel = 1; }));
  EXPECT_TRUE(refused([](auto& params) { params.padding = 0; }));
  EXPECT_TRUE(refused([](auto& params) { params.groups = 2; }));
  EXPECT_TRUE(refused([](auto& params) { params.out_channels = 12; }));
}

TEST(WinogradConv2d, IsRefusedByNameWhereItCannotRun) {
  Inputs in(16, 16, 8, 8);
  in.params.stride = 2;
  auto weights = in.named.packed();
  try {
    make_conv2d(in.params, in.source_format(Layout::kBlocked8), weights, Conv2dAlgorithm::kWinograd4x4);
    FAIL() << "accepted";
  } catch (const ModelError& failure) {
    EXPECT_NE(std::string(failure.what()).find("'conv' cannot be computed by F(4x4,3x3)"), std::string::npos)
        << failure.what();
  }
}

}  // namespace
}  // namespace rcnn::engine
