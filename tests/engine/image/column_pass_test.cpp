// SPDX-License-Identifier: MIT
#include "engine/image/column_pass.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/engine/image/reference/resize.hpp"

namespace rcnn::engine {
namespace {

/// Runs one batch of noise and gives it back as packed pixels.
tests::PlainImage run(ColumnPass& pass, const tests::PlainImage& wide, int width) {
  std::vector<std::vector<std::uint8_t>> planes(pass.batch(), std::vector<std::uint8_t>(pass.row_bytes()));
  std::vector<std::uint8_t*> targets;
  const auto row = static_cast<std::size_t>(wide.width) * 4;
  for (std::size_t i = 0; i < pass.batch(); ++i) {
    std::copy_n(&wide.bytes[i * row], row, pass.input(i));
    targets.push_back(planes[i].data());
  }
  pass.run(targets);
  tests::PlainImage found(width, static_cast<int>(pass.batch()), 3);
  for (int y = 0; y < found.height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        found.at(y, x, c) = planes[static_cast<std::size_t>(y)]
                                  [static_cast<std::size_t>(c) * pass.pitch() + static_cast<std::size_t>(x)];
      }
    }
  }
  return found;
}

tests::PlainImage without_fourth_byte(const tests::PlainImage& wide) {
  tests::PlainImage narrow(wide.width, wide.height, 3);
  for (int y = 0; y < wide.height; ++y) {
    for (int x = 0; x < wide.width; ++x) {
      for (int c = 0; c < 3; ++c) narrow.at(y, x, c) = wide.at(y, x, c);
    }
  }
  return narrow;
}

TEST(ColumnPass, FiltersEveryRowOfABatchAsTheSlowTwinDoes) {
  for (const auto& [source, target] : {std::pair{1, 7}, {13, 127}, {127, 13}, {64, 65}}) {
    const AxisFilter filter(source, target);
    ColumnPass pass(&filter, static_cast<std::size_t>(source));
    const auto wide = tests::noise(source, static_cast<int>(pass.batch()), 4, 3);
    EXPECT_EQ(run(pass, wide, target).bytes,
              tests::slow_resize_width(without_fourth_byte(wide), target).bytes)
        << source << " to " << target;
  }
}

TEST(ColumnPass, WithoutAFilterOnlySplitsTheChannels) {
  ColumnPass pass(nullptr, 37);
  EXPECT_EQ(pass.batch(), 1U);
  const auto wide = tests::noise(37, 1, 4, 3);
  EXPECT_EQ(run(pass, wide, 37).bytes, without_fourth_byte(wide).bytes);
}

}  // namespace
}  // namespace rcnn::engine
