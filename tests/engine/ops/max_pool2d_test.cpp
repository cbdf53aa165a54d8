// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

class MaxPool2d : public ::testing::TestWithParam<tests::WindowCase> {};

TEST_P(MaxPool2d, IsItsDefinitionInEveryLayout) {
  const auto& c = GetParam();
  const Shape shape{1, c.channels, c.height, c.width};
  auto source = tests::random_values(static_cast<std::size_t>(element_count(shape)), 1);
  for (auto& value : source) value -= 2.f;  // All negative: padding taken for a zero would win
  for (const auto layout : {Layout::kRowMajor, Layout::kBlocked8, Layout::kBlocked16}) {
    const auto op = make_max_pool2d("pool", Format(shape, layout), c.kernel, c.stride, c.padding);
    EXPECT_EQ(op->output().layout(), layout);
    EXPECT_EQ(tests::run_operator(*op, {source}), tests::slow_max_pool2d(c, source));
  }
}

INSTANTIATE_TEST_SUITE_P(AwkwardSizes, MaxPool2d, ::testing::ValuesIn(tests::pooling_cases()));

TEST(MaxPool2dErrors, NameTheShape) {
  EXPECT_THROW(make_max_pool2d("pool", Format({2, 3}, Layout::kRowMajor), 3, 2, 1), ShapeError);
  EXPECT_THROW(make_max_pool2d("pool", Format({1, 3, 1, 1}, Layout::kRowMajor), 4, 2, 1), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
