// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

TEST(UpsampleBilinear, IsItsDefinition) {
  struct Case {
    int maps, channels, height, width, scale;
  };
  for (const auto& c : {Case{2, 17, 3, 5, 2}, Case{1, 1, 1, 1, 1}, Case{3, 2, 1, 7, 1}, Case{1, 3, 4, 2, 3}}) {
    const auto per_map = static_cast<std::size_t>(c.scale * c.scale * c.channels * c.height * c.width);
    const auto source = tests::random_values(static_cast<std::size_t>(c.maps) * per_map, 1);
    std::vector<float> expected;
    for (int map = 0; map < c.maps; ++map) {
      const auto cells = tests::slow_depth_to_space(
          c.channels, c.height, c.width, c.scale,
          std::span(source).subspan(static_cast<std::size_t>(map) * per_map, per_map));
      const auto doubled =
          tests::slow_upsample_bilinear(c.channels, c.height * c.scale, c.width * c.scale, cells);
      expected.insert(expected.end(), doubled.begin(), doubled.end());
    }
    const Format format({c.maps, c.scale * c.scale * c.channels, c.height, c.width}, Layout::kRowMajor);
    const auto op = make_upsample_bilinear("up", format, c.scale);
    tests::expect_close(tests::run_operator(*op, {source}), expected, 1e-6f);
  }
}

TEST(UpsampleBilinear, RefusesChannelsThatNoCellsFit) {
  EXPECT_THROW(make_upsample_bilinear("up", Format({1, 6, 2, 2}, Layout::kRowMajor), 2), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
