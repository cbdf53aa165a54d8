// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/ops/winograd/kernels.hpp"
#include "tests/engine/ops/winograd/problems.hpp"
#include "tests/engine/ops/winograd/toom_cook.hpp"
#include "tests/support/instruction_sets.hpp"
#include "tests/support/operator_cases.hpp"

namespace rcnn::engine::winograd {
namespace {

struct Inputs {
  explicit Inputs(const Problem& problem)
      : blocking(problem),
        products(tests::random_values(blocking.points * blocking.product_stride, 8)),
        bias(tests::random_values(problem.out_channels, 9)),
        before(tests::random_values(problem.batch * problem.out_channels * problem.height * problem.width,
                                    10)) {}

  tests::Matrix products_of(const Problem& problem, std::size_t tile, std::size_t channel) const {
    const auto size = patch_size(problem.variant);
    tests::Matrix matrix(size, std::vector<double>(size));
    for (std::size_t point = 0; point < blocking.points; ++point) {
      matrix[point / size][point % size] =
          products[point * blocking.product_stride +
                   (channel / blocking.panel_width * blocking.block_tiles + tile) * blocking.panel_width +
                   channel % blocking.panel_width];
    }
    return matrix;
  }

  Blocking blocking;
  std::vector<float> products, bias, before;
};

/// The definition; cells that no tile of the range covers stay as they were.
std::vector<float> slow(const Problem& problem, TileRange tiles, const Inputs& in, bool with_bias) {
  const auto matrix = tests::output_matrix(problem.variant);
  auto result = in.before;
  for (std::size_t i = 0; i < tiles.count; ++i) {
    const auto place = tests::place_of(problem, tiles.first + i);
    for (std::size_t channel = 0; channel < problem.out_channels; ++channel) {
      const auto tile = tests::sandwich(matrix, in.products_of(problem, i, channel));
      for (std::size_t y = 0; y < tile.size() && place.top + y < problem.height; ++y) {
        for (std::size_t x = 0; x < tile.size() && place.left + x < problem.width; ++x) {
          auto& cell = result[tests::blocked_index(problem, problem.out_channels, place.image, channel,
                                                   place.top + y, place.left + x)];
          const double value = tile[y][x] + (with_bias ? in.bias[channel] : 0.F) + (problem.sum ? cell : 0.F);
          cell = static_cast<float>(problem.relu ? std::max(value, 0.0) : value);
        }
      }
    }
  }
  return result;
}

TEST(WinogradOutput, IsItsDefinitionWithEveryInstructionSet) {
  for (auto problem : tests::winograd_problems()) {
    const Inputs in(problem);
    const TileRange tiles{in.blocking.tiles / 2,
                          std::min(in.blocking.tiles - in.blocking.tiles / 2, std::size_t{12})};
    for (const int steps : {0, 1, 2, 3}) {
      problem.sum = (steps & 1) != 0;
      problem.relu = (steps & 2) != 0;
      SCOPED_TRACE(tests::describe(problem) + (problem.sum ? ", sum" : "") + (problem.relu ? ", ReLU" : ""));
      const bool with_bias = steps != 1;
      const auto expected = slow(problem, tiles, in, with_bias);
      tests::with_each_instruction_set([&] {
        auto result = in.before;
        transform_output(problem, in.blocking, tiles, in.products.data(),
                         with_bias ? in.bias.data() : nullptr, result.data());
        for (std::size_t i = 0; i < result.size(); ++i) ASSERT_NEAR(result[i], expected[i], 1e-4) << i;
      });
    }
  }
}

}  // namespace
}  // namespace rcnn::engine::winograd
