// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"
#include "tests/support/operator_cases.hpp"
#include "tests/support/operator_runner.hpp"

namespace rcnn::engine {
namespace {

TEST(GlobalAvgPool, IsTheMeanOfEachPlane) {
  const Shape shape{2, 12, 7, 5};
  const auto source = tests::random_values(2 * 12 * 35, 1);
  std::vector<float> expected;
  for (std::size_t plane = 0; plane < 24; ++plane) {
    double sum = 0;
    for (std::size_t i = 0; i < 35; ++i) sum += static_cast<double>(source[plane * 35 + i]);
    expected.push_back(static_cast<float>(sum / 35));
  }
  for (const auto layout : {Layout::kRowMajor, Layout::kBlocked8, Layout::kBlocked16, Layout::kNhwc}) {
    const auto op = make_global_avg_pool("pool", Format(shape, layout));
    EXPECT_EQ(op->output().shape(), (Shape{2, 12, 1, 1}));
    tests::expect_close(tests::run_operator(*op, {source}), expected, 1e-6f);
  }
}

TEST(GlobalAvgPool, RefusesWhatIsNoMap) {
  EXPECT_THROW(make_global_avg_pool("pool", Format({2, 3}, Layout::kRowMajor)), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
