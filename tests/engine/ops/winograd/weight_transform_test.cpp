// SPDX-License-Identifier: MIT
#include "engine/ops/winograd/weight_transform.hpp"

#include <gtest/gtest.h>

#include "tests/engine/ops/winograd/problems.hpp"
#include "tests/engine/ops/winograd/toom_cook.hpp"
#include "tests/support/operator_cases.hpp"

namespace rcnn::engine::winograd {
namespace {

TEST(WinogradWeights, AreTheirDefinitionInPanelsOfTwoBlocks) {
  for (const auto& problem : tests::winograd_problems()) {
    SCOPED_TRACE(tests::describe(problem));
    const Blocking blocking(problem);
    const auto g = tests::weight_matrix(problem.variant);
    const auto plain = tests::random_values(problem.out_channels * problem.in_channels * 9, 3);
    std::vector<float> transformed(blocking.weight_floats(), -7.F);
    transform_weights(problem, blocking, plain, transformed);
    for (std::size_t out = 0; out < blocking.panels * blocking.panel_width; ++out) {
      for (std::size_t in = 0; in < problem.in_channels; ++in) {
        tests::Matrix kernel(3, std::vector<double>(3));
        for (std::size_t i = 0; i < 9 && out < problem.out_channels; ++i) {
          kernel[i / 3][i % 3] = plain[(out * problem.in_channels + in) * 9 + i];
        }
        const auto expected = tests::sandwich(g, kernel);
        for (std::size_t point = 0; point < blocking.points; ++point) {
          const auto at = point * blocking.weight_stride +
                          (out / blocking.panel_width * problem.in_channels + in) * blocking.panel_width +
                          out % blocking.panel_width;
          const auto size = patch_size(problem.variant);
          ASSERT_NEAR(transformed[at], expected[point / size][point % size], 1e-6);
        }
      }
    }
  }
}

}  // namespace
}  // namespace rcnn::engine::winograd
