// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>

#include "engine/ops/ops.hpp"
#include "engine/tensor/bf16.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

/// Small whole numbers, not negative if asked so: sums are exact, whatever their order and type.
std::vector<float> integers(std::size_t count, unsigned seed, bool positive = false) {
  auto values = tests::random_values(count, seed);
  for (float& value : values) {
    value = static_cast<float>(static_cast<int>(value * 9));
    if (positive) value = std::abs(value);
  }
  return values;
}

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

/// Two 1x1 convolutions of one source; the second has no bias.
struct Pair {
  Pair(int in, int out, int other_out, int height, int width)
      : window{in, out, height, width, 1, 1, 0, 1},
        other_window{in, other_out, height, width, 1, 1, 0, 1},
        source(integers(product(in, height * width), 1)) {
    named.set("w", weight);
    named.set("b", bias);
    named.set("v", other_weight);
    params.name = "head.logits.p2";
    other_params.name = "head.deltas.p2";
    other_params.weight = "v";
    other_params.bias.clear();
  }
  Format format(Layout layout, DType type) const {
    return Format({1, window.channels, window.height, window.width}, layout, type);
  }
  std::vector<std::vector<float>> expected() const {
    return {tests::slow_conv2d(window, source, weight, bias),
            tests::slow_conv2d(other_window, source, other_weight, {})};
  }
  std::unique_ptr<Operator> make(const Format& from) {
    auto weights = named.packed();
    return make_conv2d_pair(params, other_params, from, weights);
  }

  tests::WindowCase window, other_window;
  std::vector<float> source;
  std::vector<float> weight = integers(product(window.channels, window.out_channels), 2);
  std::vector<float> other_weight = integers(product(window.channels, other_window.out_channels), 3);
  std::vector<float> bias = integers(product(window.out_channels, 1), 4);
  Conv2dParams params = tests::conv2d_params(window), other_params = tests::conv2d_params(other_window);
  tests::NamedWeights named;
};

/// Channels, both outputs, height, width.
constexpr int kSizes[][5] = {
    {16, 1, 1, 1, 2}, {32, 3, 12, 2, 9}, {256, 3, 12, 13, 13}, {48, 4, 12, 5, 7}, {64, 1, 15, 40, 41}};

TEST(Conv2dPair, IsTwoConvolutionsToTheBit) {
  for (const auto& [in, out, other, height, width] : kSizes) {
    for (const auto type : {DType::kF32, DType::kBf16}) {
      for (const auto layout : {Layout::kNhwc, Layout::kBlocked16}) {
        Pair pair(in, out, other, height, width);
        SCOPED_TRACE(::testing::PrintToString(pair.window) + " " + to_string(type) + " " + to_string(layout));
        const auto op = pair.make(pair.format(layout, type));
        if (!op) GTEST_SKIP() << "no such kernels for " << to_string(type) << " on this processor";
        EXPECT_EQ(op->name(), "head.logits+deltas.p2");
        EXPECT_EQ(op->output(), Format(op->output().shape(), Layout::kNhwc));
        EXPECT_EQ(tests::run_all_outputs(*op, {pair.source}), pair.expected());
      }
    }
  }
}

TEST(Conv2dPair, SumsIn8BitsWhateverTheirSign) {
  for (const auto& [in, out, other, height, width] : kSizes) {
    for (const bool is_signed : {false, true}) {
      Pair pair(in, out, other, height, width);
      SCOPED_TRACE(::testing::PrintToString(pair.window) + (is_signed ? " s8" : " u8"));
      pair.source = integers(pair.source.size(), 5, !is_signed);
      // Steps are powers of two, so that what they are multiplied with stays exact.
      const QuantizedParams steps{"w.steps", ActivationStep{1, is_signed}, {}, {}};
      const QuantizedParams other_steps{"v.steps", ActivationStep{1, is_signed}, {}, {}};
      pair.named.set("w.steps", std::vector<float>(product(out, 1), 0.5F));
      pair.named.set("v.steps", std::vector<float>(product(other, 1), 0.25F));
      auto weights = pair.named.packed();
      const auto op = make_quantized_conv2d_pair(pair.params, steps, pair.other_params, other_steps,
                                                 pair.format(Layout::kBlocked16, DType::kF32), weights);
      if (!op) GTEST_SKIP() << "no such kernels for 8 bits on this processor";
      EXPECT_EQ(op->inputs()[0], pair.format(Layout::kNhwc, is_signed ? DType::kS8 : DType::kU8));
      EXPECT_EQ(tests::run_all_outputs(*op, {pair.source}), pair.expected());
    }
  }
}

TEST(Conv2dPair, TakesSeveralImages) {
  Pair pair(32, 3, 12, 4 * 9, 5);  // Four images of nine rows, channels last
  const auto op = pair.make(Format({4, 32, 9, 5}, Layout::kNhwc));
  if (!op) GTEST_SKIP() << "no such kernels on this processor";
  const auto whole = pair.make(pair.format(Layout::kNhwc, DType::kF32));
  const auto bytes = pair.format(Layout::kNhwc, DType::kF32).bytes();
  auto source = tests::filled_with_nan(bytes);
  std::copy(pair.source.begin(), pair.source.end(), source.values<float>().begin());
  const auto run = [&](const Operator& one) {
    auto first = tests::filled_with_nan(one.output().bytes());
    auto second = tests::filled_with_nan(one.further_outputs()[0].bytes());
    const void* const input = source.data();
    void* const outputs[] = {first.data(), second.data()};
    one.run({&input, 1}, outputs, nullptr);
    const auto a = first.values<float>(), b = second.values<float>();
    return std::pair(std::vector(a.begin(), a.end()), std::vector(b.begin(), b.end()));
  };
  EXPECT_EQ(run(*op), run(*whole)) << "channels last, images follow each other like rows";
}

TEST(Conv2dPair, GivesTheSameBitsWithAnyNumberOfThreads) {
  Pair pair(64, 3, 12, 61, 45);
  pair.source = tests::random_values(pair.source.size(), 6);
  std::vector<std::vector<std::vector<float>>> results;
  for (const int threads : {1, 2, 3}) {
    omp_set_num_threads(threads);
    const auto op = pair.make(pair.format(Layout::kBlocked16, DType::kF32));
    if (!op) GTEST_SKIP() << "no such kernels on this processor";
    results.push_back(tests::run_all_outputs(*op, {pair.source}));
  }
  omp_set_num_threads(1);
  EXPECT_EQ(results[1], results[0]);
  EXPECT_EQ(results[2], results[0]);
}

TEST(Conv2dPair, IsOfferedOnlyWhereItCanRun) {
  Pair one(32, 3, 12, 4, 4);
  if (!one.make(one.format(Layout::kNhwc, DType::kF32))) GTEST_SKIP() << "no such kernels on this processor";
  EXPECT_FALSE(one.make(one.format(Layout::kRowMajor, DType::kF32)));
  EXPECT_FALSE(one.make(one.format(Layout::kBlocked8, DType::kF32)));
  const auto refused = [&](auto change) {
    Pair pair(32, 3, 12, 4, 4);
    change(pair.other_params);
    return !pair.make(pair.format(Layout::kNhwc, DType::kF32));
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& params) { params.kernel = 3; }));
  EXPECT_TRUE(refused([](auto& params) { params.stride = 2; }));
  EXPECT_TRUE(refused([](auto& params) { params.groups = 2; }));
  EXPECT_TRUE(refused([](auto& params) { params.activation = Activation::kRelu; }));
  EXPECT_TRUE(refused([](auto& params) { params.result = DType::kBf16; }));
  Pair many(32, 4, 13, 4, 4);
  EXPECT_FALSE(many.make(many.format(Layout::kNhwc, DType::kF32))) << "17 channels";
}

TEST(Conv2dPair, In8BitsBothReadTheSameAndWriteF32) {
  Pair pair(32, 3, 12, 4, 4);
  pair.named.set("w.steps", std::vector<float>(3, 1.F));
  pair.named.set("v.steps", std::vector<float>(12, 1.F));
  auto weights = pair.named.packed();
  const QuantizedParams steps{"w.steps", ActivationStep{1, false}, {}, {}};
  const auto made_with = [&](auto change) {
    QuantizedParams other{"v.steps", ActivationStep{1, false}, {}, {}};
    change(other);
    return make_quantized_conv2d_pair(pair.params, steps, pair.other_params, other,
                                      pair.format(Layout::kNhwc, DType::kU8), weights) != nullptr;
  };
  if (!made_with([](auto&) {})) GTEST_SKIP() << "no such kernels for 8 bits on this processor";
  EXPECT_FALSE(made_with([](auto& other) { other.source->step = 2; }));
  EXPECT_FALSE(made_with([](auto& other) { other.source.reset(); }));
  EXPECT_FALSE(made_with([](auto& other) { other.result = ActivationStep{1, false}; }));
}

}  // namespace
}  // namespace rcnn::engine
