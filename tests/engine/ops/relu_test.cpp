// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/ops/ops.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

TEST(Relu, ReplacesNegativeValuesByZero) {
  const auto source = tests::random_values(13 * 7 * 5, 1);
  for (const auto layout : {Layout::kRowMajor, Layout::kBlocked8, Layout::kNhwc}) {
    EXPECT_EQ(tests::run_operator(*make_relu("relu", Format({1, 13, 7, 5}, layout)), {source}),
              tests::slow_relu(source));
  }
  EXPECT_EQ(tests::run_operator(*make_relu("relu", Format({35, 13}, Layout::kRowMajor)), {source}),
            tests::slow_relu(source));
}

}  // namespace
}  // namespace rcnn::engine
