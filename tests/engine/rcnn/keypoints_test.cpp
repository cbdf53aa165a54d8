// SPDX-License-Identifier: MIT
#include "engine/rcnn/keypoints.hpp"

#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "tests/engine/rcnn/reference/keypoints.hpp"
#include "tests/support/operator_cases.hpp"

namespace rcnn::engine {
namespace {

TEST(FindKeypoints, AreTheirDefinition) {
  constexpr int kSide = 14, kCount = 3;
  const std::vector<Box> boxes{{10, 20, 47.3F, 101.9F}, {0, 0, 14, 14},          {5.5F, 6.25F, 5.75F, 80},
                               {3, 4, 3, 4},            {-20, -30, 200, 9.125F}, {100, 100, 105.2F, 103.9F}};
  for (std::size_t b = 0; b < boxes.size(); ++b) {
    auto maps = tests::random_values(kCount * kSide * kSide, static_cast<std::uint32_t>(b) + 1);
    for (auto& value : maps) value *= 6;
    const auto found = find_keypoints(maps, kCount, kSide, boxes[b]);
    ASSERT_EQ(found.size(), 3U);
    for (std::size_t k = 0; k < found.size(); ++k) {
      const auto map = std::span(maps).subspan(k * kSide * kSide, kSide * kSide);
      const auto expected = tests::slow_keypoint(map, kSide, boxes[b]);
      EXPECT_NEAR(found[k].x, expected.x, 1e-4F) << "box " << b;
      EXPECT_NEAR(found[k].y, expected.y, 1e-4F) << "box " << b;
      EXPECT_NEAR(found[k].score, expected.score, 1e-4F * (1 + expected.score)) << "box " << b;
    }
  }
}

// Four pixels a cell: the middle of a lone cell's hill lies between two pixels, of which the first counts.
TEST(FindKeypoints, TheFirstOfEqualsCounts) {
  std::vector<float> map(8 * 8);
  map[3 * 8 + 5] = 10;
  const auto found = find_keypoints(map, 1, 8, {100, 200, 132, 232});
  EXPECT_FLOAT_EQ(found[0].x, 100 + 5 * 4 + 1.5F);
  EXPECT_FLOAT_EQ(found[0].y, 200 + 3 * 4 + 1.5F);
}

// All equal: the peak is the first pixel, and its share one of as many as there are cells.
TEST(FindKeypoints, AFlatMapGivesItsFirstPixelAndAnEvenShare) {
  const auto found = find_keypoints(std::vector<float>(16, 2.F), 1, 4, {10, 10, 13.5F, 12});
  EXPECT_NEAR(found[0].score, 1. / 16, 1e-5);
  EXPECT_LT(found[0].y, 12);
}

TEST(FindKeypoints, RefusesAnotherNumberOfValues) {
  EXPECT_THROW(find_keypoints(std::vector<float>(17), 1, 4, {0, 0, 5, 5}), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
