// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <limits>

#include "engine/ops/winograd/kernels.hpp"
#include "tests/engine/ops/winograd/problems.hpp"
#include "tests/support/instruction_sets.hpp"
#include "tests/support/operator_cases.hpp"

namespace rcnn::engine::winograd {
namespace {

// 1 to 14 tiles: every number of tiles that a panel may hold, and more than two panels.
TEST(WinogradProducts, AreTheirDefinitionWithEveryInstructionSet) {
  for (const auto& problem : tests::winograd_problems()) {
    SCOPED_TRACE(tests::describe(problem));
    const Blocking blocking(problem);
    const auto patches = tests::random_values(blocking.points * blocking.patch_stride, 6);
    const auto weights = tests::random_values(blocking.weight_floats(), 7);
    const auto most = std::min(blocking.block_tiles, std::size_t{14});
    const auto sum = [&](std::size_t point, std::size_t tile, std::size_t out) {
      double total = 0;
      for (std::size_t in = 0; in < problem.in_channels; ++in) {
        const auto panel =
            tile / Blocking::kPanelTiles * (problem.in_channels / problem.block) + in / problem.block;
        const auto patch =
            patches[point * blocking.patch_stride +
                    (panel * Blocking::kPanelTiles + tile % Blocking::kPanelTiles) * problem.block +
                    in % problem.block];
        total += static_cast<double>(patch) *
                 weights[point * blocking.weight_stride +
                         (out / blocking.panel_width * problem.in_channels + in) * blocking.panel_width +
                         out % blocking.panel_width];
      }
      return total;
    };
    tests::with_each_instruction_set([&] {
      for (std::size_t tiles = 1; tiles <= most; ++tiles) {
        std::vector<float> products(blocking.points * blocking.product_stride,
                                    std::numeric_limits<float>::quiet_NaN());
        multiply(problem, blocking, tiles, patches.data(), weights.data(), products.data());
        const auto tile = tiles - 1;
        for (std::size_t point = 0; point < blocking.points; ++point) {
          for (std::size_t out = 0; out < problem.out_channels; ++out) {
            const auto at =
                point * blocking.product_stride +
                (out / blocking.panel_width * blocking.block_tiles + tile) * blocking.panel_width +
                out % blocking.panel_width;
            ASSERT_NEAR(products[at], sum(point, tile, out), 1e-5) << "tile " << tile << ", point " << point;
          }
        }
      }
    });
  }
}

}  // namespace
}  // namespace rcnn::engine::winograd
