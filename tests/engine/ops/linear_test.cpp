// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstring>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

using tests::LinearCase;

std::vector<float> run_linear(const LinearCase& c, const std::vector<float>& source, bool relu,
                              bool bias = true) {
  tests::NamedWeights named;
  named.set("w", tests::random_values(static_cast<std::size_t>(c.out * c.in), 2));
  named.set("b", tests::random_values(static_cast<std::size_t>(c.out), 3));
  auto weights = named.packed();
  Conv2dParams params;
  params.name = "fc";
  params.weight = "w";
  if (bias) params.bias = "b";
  params.out_channels = c.out;
  if (relu) params.activation = Activation::kRelu;
  return tests::run_operator(*make_linear(params, Format({c.rows, c.in}, Layout::kRowMajor), weights),
                             {source});
}

class Linear : public ::testing::TestWithParam<LinearCase> {};

TEST_P(Linear, IsItsDefinition) {
  const auto& c = GetParam();
  const auto source = tests::random_values(static_cast<std::size_t>(c.rows * c.in), 1);
  const auto weight = tests::random_values(static_cast<std::size_t>(c.out * c.in), 2);
  const auto bias = tests::random_values(static_cast<std::size_t>(c.out), 3);
  tests::expect_close(run_linear(c, source, false), tests::slow_linear(c, source, weight, bias), 1e-4f);
  tests::expect_close(run_linear(c, source, true, false),
                      tests::slow_relu(tests::slow_linear(c, source, weight, {})), 1e-4f);
}

INSTANTIATE_TEST_SUITE_P(AwkwardSizes, Linear, ::testing::ValuesIn(tests::linear_cases()),
                         [](const auto& test) {
                           return std::to_string(test.param.rows) + "x" + std::to_string(test.param.in) +
                                  "to" + std::to_string(test.param.out);
                         });

// Detections must not depend on how many regions happen to share a run, nor on a region's place among them.
TEST(LinearRows, HaveTheSameBitsInEveryRunAndPlace) {
  constexpr int kIn = 784, kOut = 81, kMost = 300;
  const auto source = tests::random_values(kIn * kMost, 1);
  const auto all = run_linear({kMost, kIn, kOut}, source, true);
  for (const int rows : {1, 2, 3, 5, 8, 15, 16, 17, 64, 100, 128, 256}) {
    const int begin = kMost - rows;  // The last rows, so that their place differs as well
    const std::vector<float> some(source.begin() + begin * kIn, source.end());
    const auto result = run_linear({rows, kIn, kOut}, some, true);
    EXPECT_EQ(std::memcmp(result.data(), all.data() + begin * kOut, result.size() * sizeof(float)), 0)
        << rows << " rows";
  }
}

TEST(LinearErrors, NameTheShape) {
  tests::NamedWeights named;
  auto weights = named.packed();
  Conv2dParams params;
  params.name = "fc";
  EXPECT_THROW(make_linear(params, Format({1, 2, 3}, Layout::kRowMajor), weights), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
