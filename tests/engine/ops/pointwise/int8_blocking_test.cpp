// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "engine/ops/pointwise/int8.hpp"

namespace rcnn::engine::pointwise {
namespace {

Int8Problem problem_of(std::size_t pixels, std::size_t in, std::size_t out, std::size_t threads = 1) {
  Int8Problem problem{.pixels = pixels, .in_channels = in, .out_channels = out};
  problem.threads = threads;
  return problem;
}

TEST(PointwiseInt8Blocking, CutsAllPixelsIntoBlocksThatStayNear) {
  for (const std::size_t pixels : {1U, 6U, 625U, 40000U}) {
    for (const std::size_t in : {4U, 64U, 2048U}) {
      for (const std::size_t threads : {1U, 2U, 3U}) {
        const Int8Blocking blocking(problem_of(pixels, in, 64, threads));
        EXPECT_GE(blocking.blocks * blocking.block_pixels, pixels);
        EXPECT_LT((blocking.blocks - 1) * blocking.block_pixels, pixels) << "a block without pixels";
        EXPECT_EQ(blocking.block_pixels % Int8Blocking::kPanelPixels, 0U);
        EXPECT_LE(blocking.block_pixels, Int8Blocking::kMostPixels);
        EXPECT_LE(blocking.block_pixels * in, (std::size_t{128} << 10U) + Int8Blocking::kPanelPixels * in);
      }
    }
  }
}

TEST(PointwiseInt8Blocking, GivesThreadsEquallyManyBlocks) {
  for (const std::size_t threads : {1U, 2U, 3U}) {
    EXPECT_EQ(Int8Blocking(problem_of(500, 64, 64, threads)).blocks, threads);
    EXPECT_EQ(Int8Blocking(problem_of(2 * 2048, 64, 64, threads)).blocks % threads, 0U);
  }
}

TEST(PointwiseInt8Blocking, HasAPlaceForEveryChannel) {
  for (const auto element : {Element::kF32, Element::kBf16, Element::kU8, Element::kS8}) {
    std::set<std::size_t> channels;
    for (std::size_t place = 0; place < 64; ++place) {
      channels.insert(Int8Blocking::channel_at(element, place));
    }
    EXPECT_EQ(channels.size(), 64U);
    EXPECT_EQ(*channels.rbegin(), 63U);
  }
}

TEST(PointwiseInt8Blocking, PacksFoursOfInputChannelsAndPadsWithZeros) {
  auto problem = problem_of(1, 8, 65);
  problem.destination = Element::kF32;  // Places are channels
  problem.source = Element::kS8;
  const Int8Blocking blocking(problem);
  ASSERT_EQ(blocking.panels, 2U);
  ASSERT_EQ(blocking.panel_weights, 8U * 64U);
  std::vector<std::int8_t> integers(65 * 8);
  for (std::size_t i = 0; i < integers.size(); ++i) integers[i] = static_cast<std::int8_t>(i % 100);
  std::vector<std::int8_t> weights(2 * blocking.panel_weights, 99);
  std::vector<std::int32_t> starts(128, 99);
  pack_weights(problem, blocking, integers.data(), weights.data(), starts.data());
  EXPECT_EQ(weights[3 * 4 + 2], integers[3 * 8 + 2]);
  EXPECT_EQ(weights[4 * 64 + 3 * 4 + 1], integers[3 * 8 + 5]);
  EXPECT_EQ(weights[blocking.panel_weights], integers[64 * 8]);
  EXPECT_EQ(weights[blocking.panel_weights + 4], 0);
  EXPECT_EQ(starts[0], -128 * (0 + 1 + 2 + 3 + 4 + 5 + 6 + 7));
  EXPECT_EQ(starts[65], 0);
}

// Sums wait in scratch between the parts of many input channels, and only there.
TEST(PointwiseInt8Blocking, CutsManyInputChannelsIntoPartsThatTheFirstCacheHolds) {
  const Int8Blocking few(problem_of(625, 2048, 80)), many(problem_of(1000, 12544, 80));
  EXPECT_EQ(few.depth, 2048U);
  EXPECT_EQ(few.scratch_bytes(), 0U);
  EXPECT_EQ(many.depth % 4, 0U);
  EXPECT_LE(many.depth * Int8Blocking::kPanelWidth, std::size_t{32} << 10U);
  EXPECT_EQ(many.scratch_bytes(), 2 * many.block_pixels * Int8Blocking::kPanelWidth * sizeof(std::int32_t));
}

}  // namespace
}  // namespace rcnn::engine::pointwise
