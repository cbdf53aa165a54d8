// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <omp.h>

#include "engine/ops/ops.hpp"
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

/// A stem: the window is the convolution's.
struct Stem {
  explicit Stem(const tests::WindowCase& shape) : window(shape) {
    named.set("w", weight);
    named.set("b", bias);
    params.activation = Activation::kRelu;
    params.result = DType::kBf16;
    params.name = "stem.conv1";
  }
  static std::size_t count(int a, int b, int c) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b) * static_cast<std::size_t>(c);
  }
  Format image() const {
    return Format({1, window.channels, window.height, window.width}, Layout::kNhwc, DType::kBf16);
  }
  std::unique_ptr<Operator> make(const Format& format) {
    auto weights = named.packed();
    return make_conv2d_max_pool2d(params, "stem.pool", format, weights);
  }
  /// One operator after the other.
  std::vector<float> expected() const {
    auto values = tests::slow_relu(
        tests::slow_conv2d(window, source, weight, params.bias.empty() ? std::vector<float>{} : bias));
    for (float& value : values) value = nearest_bf16(value);
    const int height = tests::windowed_extent(window.height, window);
    const int width = tests::windowed_extent(window.width, window);
    return tests::slow_max_pool2d({window.out_channels, window.out_channels, height, width, 3, 2, 1, 1},
                                  values);
  }

  tests::WindowCase window;
  std::vector<float> source = integers(count(window.channels, window.height, window.width), 1);
  std::vector<float> weight =
      integers(count(window.out_channels * window.channels, window.kernel, window.kernel), 2);
  std::vector<float> bias = integers(count(window.out_channels, 1, 1), 3);
  Conv2dParams params = tests::conv2d_params(window);
  tests::NamedWeights named;
};

class Conv2dMaxPool2d : public ::testing::Test {
 protected:
  void SetUp() override {
    Stem one({3, 64, 32, 32, 7, 2, 3, 1});
    if (!one.make(one.image())) GTEST_SKIP() << "this processor does not multiply bf16";
  }
};

TEST_F(Conv2dMaxPool2d, IsTheConvolutionRoundedAndThenPooled) {
  const tests::WindowCase cases[] = {
      {3, 64, 64, 96, 7, 2, 3, 1},    // The stem
      {3, 64, 37, 53, 7, 2, 3, 1},    // On primes
      {3, 64, 38, 55, 7, 2, 3, 1},    // An odd number of rows of the convolution, and of columns
      {3, 96, 33, 66, 7, 2, 3, 1},    // Half a panel
      {3, 32, 9, 9, 3, 2, 1, 1},      //
      {3, 128, 5, 130, 11, 2, 5, 1},  // The largest window, higher than the image
      {3, 32, 1, 1, 7, 2, 3, 1},      // One cell
      {3, 32, 7, 5, 5, 2, 0, 1},      // No padding, one column
  };
  for (const auto& window : cases) {
    SCOPED_TRACE(window);
    Stem one(window);
    const auto op = one.make(one.image());
    ASSERT_TRUE(op);
    EXPECT_EQ(op->name(), "stem.conv1+pool");
    EXPECT_EQ(op->inputs()[0], one.image()) << "as the host writes it";
    EXPECT_EQ(op->output(), Format(op->output().shape(), Layout::kNhwc, DType::kBf16));
    EXPECT_EQ(tests::run_operator(*op, {one.source}), one.expected());
  }
}

TEST_F(Conv2dMaxPool2d, RunsWithoutABias) {
  Stem one({3, 64, 30, 41, 7, 2, 3, 1});
  one.params.bias.clear();
  EXPECT_EQ(tests::run_operator(*one.make(one.image()), {one.source}), one.expected());
}

TEST_F(Conv2dMaxPool2d, TakesSeveralImages) {
  Stem one({3, 32, 21, 26, 7, 2, 3, 1});
  auto other = one.source;
  std::ranges::reverse(other);
  auto both = one.source;
  both.insert(both.end(), other.begin(), other.end());
  const auto found =
      tests::run_operator(*one.make(Format({2, 3, 21, 26}, Layout::kNhwc, DType::kBf16)), {both});
  auto expected = one.expected();
  one.source = other;
  const auto second = one.expected();
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(found, expected);
}

TEST_F(Conv2dMaxPool2d, GivesTheSameBitsWithAnyNumberOfThreads) {
  Stem one({3, 64, 61, 77, 7, 2, 3, 1});
  one.source = tests::random_values(one.source.size(), 8);
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3}) {
    omp_set_num_threads(threads);
    results.push_back(tests::run_operator(*one.make(one.image()), {one.source}));
  }
  omp_set_num_threads(1);
  EXPECT_EQ(results[1], results[0]);
  EXPECT_EQ(results[2], results[0]);
}

TEST_F(Conv2dMaxPool2d, IsOfferedOnlyWhereItCanRun) {
  const auto refused = [](auto change) {
    Stem one({3, 64, 32, 32, 7, 2, 3, 1});
    change(one.params);
    return !one.make(one.image());
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& params) { params.stride = 1; }));
  EXPECT_TRUE(refused([](auto& params) { params.kernel = 12; }));
  EXPECT_TRUE(refused([](auto& params) { params.padding = 6; }));
  EXPECT_TRUE(refused([](auto& params) { params.out_channels = 48; }));
  EXPECT_TRUE(refused([](auto& params) { params.activation = Activation::kNone; })) << "less than 0";
  EXPECT_TRUE(refused([](auto& params) { params.result = DType::kF32; }));
  Stem one({3, 64, 32, 32, 7, 2, 3, 1});
  EXPECT_FALSE(one.make(one.image().as(DType::kF32))) << "what it would round";
  EXPECT_FALSE(one.make(Format({1, 4, 32, 32}, Layout::kNhwc, DType::kBf16)));
}

}  // namespace
}  // namespace rcnn::engine
