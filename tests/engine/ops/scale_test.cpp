// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"
#include "tests/support/operator_cases.hpp"
#include "tests/support/operator_runner.hpp"

namespace rcnn::engine {
namespace {

TEST(Scale, MultipliesEachPlaneOfEachImageByItsFactor) {
  const Shape shape{3, 20, 5, 7}, by{3, 20, 1, 1};
  const auto source = tests::random_values(3 * 20 * 5 * 7, 1), factors = tests::random_values(3 * 20, 2);
  auto expected = source;
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] *= factors[i / 35];
  for (const auto layout : {Layout::kRowMajor, Layout::kBlocked8, Layout::kBlocked16, Layout::kNhwc}) {
    const auto op = make_scale("scale", Format(shape, layout), Format(by, Layout::kRowMajor));
    ASSERT_EQ(op->in_place(), 0);
    EXPECT_EQ(tests::run_operator(*op, {source, factors}), expected);
  }
}

TEST(Scale, RefusesFactorsThatFitNoPlane) {
  const Format image({1, 8, 4, 4}, Layout::kRowMajor);
  EXPECT_THROW(make_scale("scale", image, Format({1, 4, 1, 1}, Layout::kRowMajor)), ShapeError);
  EXPECT_THROW(make_scale("scale", image, Format({1, 8, 4, 4}, Layout::kRowMajor)), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
