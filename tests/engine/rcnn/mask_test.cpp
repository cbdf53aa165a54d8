// SPDX-License-Identifier: MIT
#include "engine/rcnn/mask.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/engine/rcnn/reference/mask_paste.hpp"

namespace rcnn::engine {
namespace {

using ::testing::ElementsAre;

TEST(Mask, RunsOfOneKindJoin) {
  RunWriter writer;
  writer.add(2, false);
  writer.add(0, true);
  writer.add(3, false);
  writer.add(1, true);
  writer.add(1, true);
  const auto mask = writer.take(7, 1);
  EXPECT_THAT(mask.counts, ElementsAre(5, 2));
  RunWriter inside;
  inside.add(4, true);
  EXPECT_THAT(inside.take(2, 2).counts, ElementsAre(0, 4));
}

TEST(Mask, SpansEndWithTheirColumn) {
  std::vector<std::array<int, 3>> spans;
  each_span(Mask{3, 4, {2, 7, 3}}, [&](int x, int begin, int end) { spans.push_back({x, begin, end}); });
  EXPECT_THAT(spans, ElementsAre(std::array{0, 2, 4}, std::array{1, 0, 4}, std::array{2, 0, 1}));
}

Mask random_mask(int width, int height, std::mt19937& random) {
  RunWriter writer;
  bool inside = false;
  for (int left = width * height; left > 0; inside = !inside) {
    const int run = std::min(left, 1 + static_cast<int>(random() % 9));
    writer.add(static_cast<std::size_t>(run), inside);
    left -= run;
  }
  return writer.take(width, height);
}

TEST(ScaleMask, TakesThePixelAtEachNewPixelsCentre) {
  std::mt19937 random(5);
  for (const ScaleMap& placement :
       {ScaleMap{2, 2, 0, 0}, ScaleMap{0.5, 0.25, 0, 0}, ScaleMap{1.3, 0.7, 5, 0}, ScaleMap{3, 1.5, 0, 11}}) {
    const auto mask = random_mask(23, 17, random);
    const auto before = tests::unpacked(mask);
    const int width = 71, height = 40;
    const auto scaled = scale_mask(mask, placement, width, height);
    EXPECT_EQ(scaled.width, width);
    EXPECT_EQ(scaled.height, height);
    std::vector<bool> expected;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const double sx = std::floor((x + 0.5 - placement.offset_x) / placement.scale_x);
        const double sy = std::floor((y + 0.5 - placement.offset_y) / placement.scale_y);
        const bool known = sx >= 0 && sy >= 0 && sx < mask.width && sy < mask.height;
        expected.push_back(known && before[static_cast<std::size_t>(sy * mask.width + sx)]);
      }
    }
    EXPECT_EQ(tests::unpacked(scaled), expected) << placement.scale_x;
  }
}

TEST(ScaleMask, LeavesWhatItIsNotScaledAndWhatThereIsNot) {
  std::mt19937 random(6);
  const auto mask = random_mask(31, 13, random);
  EXPECT_EQ(scale_mask(mask, {}, 31, 13), mask);
  EXPECT_TRUE(scale_mask({}, {2, 2, 0, 0}, 31, 13).empty());
}

}  // namespace
}  // namespace rcnn::engine
