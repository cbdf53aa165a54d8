// SPDX-License-Identifier: MIT
#include "engine/rcnn/mask_paste.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "engine/errors.hpp"
#include "tests/engine/rcnn/reference/golden_frames.hpp"
#include "tests/engine/rcnn/reference/mask_paste.hpp"
#include "tests/support/coco_masks.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

/// Smooth blobs with wide areas of nearly 0 and 1, as trained heads give them, or noise.
std::vector<float> probabilities(int side, std::mt19937& random, bool smooth) {
  const auto uniform = [&] { return static_cast<float>(random() >> 8) / 16777216.F; };
  const float cx = uniform() * static_cast<float>(side), cy = uniform() * static_cast<float>(side);
  const float radius = uniform() * static_cast<float>(side);
  std::vector<float> values;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const float distance = std::hypot(static_cast<float>(x) - cx, static_cast<float>(y) - cy);
      values.push_back(smooth ? 1.F / (1.F + std::exp(2.F * (distance - radius))) : uniform());
    }
  }
  return values;
}

TEST(PasteMask, IsItsDefinitionPixelByPixel) {
  std::mt19937 random(3);
  const auto within = [&](float limit) { return limit * static_cast<float>(random() >> 8) / 16777216.F; };
  for (int round = 0; round < 60; ++round) {
    const int width = 1 + static_cast<int>(random() % 130), height = 1 + static_cast<int>(random() % 70);
    const int side = round % 3 == 0 ? 5 : 28;
    const auto values = probabilities(side, random, round % 2 == 0);
    Box box{within(static_cast<float>(width)), within(static_cast<float>(height)), 0, 0};
    box.x1 = box.x0 + within(static_cast<float>(width) - box.x0) + 1e-3F;
    box.y1 = box.y0 + within(static_cast<float>(height) - box.y0) + 1e-3F;
    if (round == 7) box = {0, 0, static_cast<float>(width), static_cast<float>(height)};
    const auto mask = paste_mask(values, side, box, width, height);
    EXPECT_EQ(std::accumulate(mask.counts.begin(), mask.counts.end(), 0U),
              static_cast<unsigned>(width * height));
    EXPECT_EQ(tests::unpacked(mask), tests::slow_paste(values, side, box, width, height))
        << "round " << round;
  }
}

// A cell's probability belongs to its centre: between the outermost centres and the box's edge it fades to 0,
// at the edge to a half, in the corners to a quarter.
TEST(PasteMask, CutsTheCornersOfABoxOfOnes) {
  const std::vector<float> ones(28 * 28, 1.F);
  const auto mask = paste_mask(ones, 28, {10, 20, 122, 132}, 140, 150);  // Four pixels a cell
  EXPECT_EQ(mask.width, 140);
  EXPECT_EQ(mask.height, 150);
  ASSERT_GE(mask.counts.size(), 2U);
  EXPECT_EQ(mask.counts[0], 10U * 150U + 21U)
      << "(10, 20) weighs 0.625 * 0.625 of a cell, (10, 21) 0.625 * 0.875";
  EXPECT_EQ(mask.counts[1], 110U);
}

TEST(PasteMask, IsWholeNothingWhereNoProbabilityReachesHalf) {
  const auto mask = paste_mask(std::vector<float>(9, 0.49F), 3, {1, 1, 8, 8}, 10, 10);
  EXPECT_EQ(mask.counts, std::vector<std::uint32_t>{100});
  EXPECT_FALSE(mask.empty());
}

TEST(PasteMask, RefusesAnotherNumberOfCells) {
  EXPECT_THROW(paste_mask(std::vector<float>(9), 4, {0, 0, 5, 5}, 10, 10), ShapeError);
}

// Recorded boxes have 3 digits, so a pixel at an edge may fall on the other side.
TEST(PasteMask, EqualsDetectron2) {
  const auto file = tests::golden_file("stages_mask_rcnn_R_50_FPN_3x_256.npz");
  RCNN_SKIP_WITHOUT(file);
  const tests::Npz golden(file);
  const auto recorded =
      nlohmann::json::parse(std::ifstream(tests::golden_file("stages_mask_rcnn_R_50_FPN_3x_256.json")));
  const auto values = golden.f32("mask_probability_first_16");
  const auto side = static_cast<int>(golden.shape("mask_probability_first_16")[2]);
  const auto cells = static_cast<std::size_t>(side * side);
  const auto hw = golden.s64("output_size_hw");
  const auto& frame = recorded.at("image_frame");
  // Found in the network's frame; none of these is dropped by scaling.
  ASSERT_EQ(frame.at("scores"), recorded.at("network_frame").at("scores"));
  int equal = 0;
  for (std::size_t i = 0; i < values.size() / cells; ++i) {
    const auto corners = frame.at("boxes_xyxy")[i].get<std::vector<float>>();
    const auto mask = paste_mask(values.subspan(i * cells, cells), side, tests::to_boxes(corners)[0],
                                 static_cast<int>(hw[1]), static_cast<int>(hw[0]));
    const auto expected = tests::read_mask(frame.at("masks_rle")[i]);
    const auto pixels = tests::overlap(mask, expected);
    EXPECT_TRUE(pixels.iou() >= 0.99 || pixels.one <= 2) << i << ": " << pixels.one << " pixels differ";
    equal += mask == expected;
  }
  EXPECT_GE(equal, 8) << "of 16";
}

}  // namespace
}  // namespace rcnn::engine
