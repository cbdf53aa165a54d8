// SPDX-License-Identifier: MIT
#include "engine/image/coverage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

using ::testing::HasSubstr;

std::vector<std::uint8_t> random_bytes(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

TEST(FindEdges, AreWhereASquareHoldsBoth) {
  for (const auto& [width, height] : {std::pair{1, 1}, {13, 7}, {127, 40}, {300, 21}}) {
    for (const int reach : {1, 2, 3}) {
      CoverageMap inside(width, height, 3), edges(width, height, 0);
      std::mt19937 random(5);
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) inside.row(y)[x] = random() % 5 != 0 ? 255 : 0;
      }
      for (int y = 2; y + 2 < height; ++y) std::fill(inside.row(y) + 2, inside.row(y) + width * 3 / 4, 255);
      find_edges(inside, reach, edges);
      int found = 0;
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          bool any = false, all = true;
          for (int i = -reach; i <= reach; ++i) {
            for (int j = -reach; j <= reach; ++j) {
              any = any || inside.row(y + i)[x + j] != 0;
              all = all && inside.row(y + i)[x + j] != 0;
            }
          }
          ASSERT_EQ(edges.row(y)[x], any && !all ? 255 : 0) << x << ", " << y << ", reach " << reach;
          found += edges.row(y)[x] == 0 ? 1 : 0;
        }
      }
      EXPECT_TRUE(width < 100 || found > 0) << "nothing but edges shows nothing";
    }
  }
}

TEST(FindEdges, RefusesToReachBeyondTheBorder) {
  const CoverageMap inside(4, 3, 1);
  CoverageMap edges(4, 3, 0), wider(5, 3, 0);
  try {
    find_edges(inside, 2, edges);
    FAIL() << "looked beyond the border";
  } catch (const ShapeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a border of 1"));
  }
  EXPECT_THROW(find_edges(inside, 0, edges), ShapeError);
  EXPECT_THROW(find_edges(inside, 1, wider), ShapeError);
}

TEST(HalveRows, AreMeansOfFour) {
  for (const std::size_t count : {1U, 13U, 64U, 127U}) {
    const auto top = random_bytes(2 * count, 1), bottom = random_bytes(2 * count, 2);
    std::vector<std::uint8_t> means(count);
    halve_rows(top, bottom, means);
    for (std::size_t x = 0; x < count; ++x) {
      const double mean = (top[2 * x] + top[2 * x + 1] + bottom[2 * x] + bottom[2 * x + 1]) / 4.;
      ASSERT_EQ(means[x], std::floor(mean + 0.5)) << x;
    }
    EXPECT_THROW(halve_rows(top, bottom, std::span(means).first(count - 1)), ShapeError);
  }
}

TEST(BlendRow, MixesEachChannelByThePixelsShare) {
  const std::array<std::uint8_t, 4> color{0, 255, 37, 128};
  for (std::size_t channels = 1; channels <= 4; ++channels) {
    for (const std::size_t pixels : {1U, 16U, 33U, 127U}) {
      for (const Blend how : {Blend{}, Blend{127, 100}, Blend{1, 255}, Blend{0, 1}}) {
        auto coverage = random_bytes(pixels, 3);
        std::fill(coverage.begin(), coverage.begin() + static_cast<std::ptrdiff_t>(pixels / 2), 0);
        const auto before = random_bytes(pixels * channels, 4);
        auto row = before;
        row.resize(row.size() + 64, 99);
        blend_row(std::span(row).first(before.size()), coverage, std::span(color).first(channels), how);
        for (std::size_t i = 0; i < before.size(); ++i) {
          const int covered = coverage[i / channels];
          const int share = how.least < 0 ? covered : covered >= how.least ? how.share : 0;
          const double mixed = (share * color[i % channels] + (255 - share) * before[i]) / 255.;
          ASSERT_EQ(row[i], std::lround(mixed)) << i << " of " << channels << " channels";
        }
        EXPECT_TRUE(std::all_of(row.end() - 64, row.end(), [](int byte) { return byte == 99; }));
      }
    }
  }
}

TEST(BlendRow, RefusesRowsOfAnotherLength) {
  std::vector<std::uint8_t> row(12);
  const std::vector<std::uint8_t> coverage(4), color(5);
  EXPECT_THROW(blend_row(row, coverage, std::span(color).first(2), {}), ShapeError);
  EXPECT_THROW(blend_row(row, coverage, std::span(color).first(0), {}), ShapeError);
  EXPECT_THROW(blend_row(std::span(row).first(0), {}, color, {}), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
