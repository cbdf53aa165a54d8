// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"
#include "tests/support/operator_cases.hpp"
#include "tests/support/operator_runner.hpp"

namespace rcnn::engine {
namespace {

TEST(Add, SumsValueByValueInTheLayoutOfTheFirst) {
  const Shape shape{1, 13, 7, 5};
  const auto a = tests::random_values(13 * 7 * 5, 1), b = tests::random_values(13 * 7 * 5, 2);
  auto expected = a;
  for (std::size_t i = 0; i < b.size(); ++i) expected[i] += b[i];
  for (const auto layout : {Layout::kRowMajor, Layout::kBlocked8}) {
    const auto op = make_add("sum", Format(shape, layout), Format(shape, Layout::kNhwc));
    EXPECT_EQ(op->output().layout(), layout);
    EXPECT_EQ(tests::run_operator(*op, {a, b}), expected);
  }
}

TEST(Add, RefusesOtherShapes) {
  EXPECT_THROW(make_add("sum", Format({2, 3}, Layout::kRowMajor), Format({3, 2}, Layout::kRowMajor)),
               ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
