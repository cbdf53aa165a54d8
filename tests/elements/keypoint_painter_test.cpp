// SPDX-License-Identifier: MIT
#include "elements/keypoint_painter.hpp"  // First: proves the header is self-contained.

#include <gtest/gtest.h>

#include "tests/elements/canvas.hpp"

namespace rcnn::elements {
namespace {

using engine::PixelFormat;
using tests::Canvas;
using tests::found;
using tests::kBoxesOnly;
using tests::kNames;
using tests::kWhite;

TEST(KeypointPainter, JoinsThePersonsKeypointsThatWereSeen) {
  auto person = found(20, 20, 300, 220, 0);
  person.keypoints.assign(17, {0, 0, 0});
  person.keypoints[11] = {100.5f, 60.5f, 0.9f};  // Left hip, knee and ankle
  person.keypoints[13] = {100.5f, 120.5f, 0.9f};
  person.keypoints[15] = {100.5f, 180.5f, 0.04f};  // Not seen
  for (const auto format : {PixelFormat::kRgb, PixelFormat::kBgrx}) {
    Canvas canvas{320, 240, format};
    paint_detections(canvas.target(), std::vector{person}, kNames, kBoxesOnly);
    EXPECT_EQ(canvas.at(100, 60), class_color(0));
    EXPECT_EQ(canvas.at(100, 120), class_color(0));
    EXPECT_NE(canvas.at(100, 90), kWhite) << "the thigh";
    EXPECT_EQ(canvas.at(100, 150), kWhite) << "no shin without an ankle";
    EXPECT_EQ(canvas.at(100, 180), kWhite);
  }
  person.keypoints.resize(5);  // Not COCO's: points alone
  person.keypoints[3] = {200.5f, 100.5f, 0.9f};
  person.keypoints[4] = {3e9f, -3e9f, 0.9f};  // Far outside
  Canvas canvas{320, 240, PixelFormat::kRgb};
  paint_detections(canvas.target(), std::vector{person}, kNames, kBoxesOnly);
  EXPECT_EQ(canvas.at(200, 100), class_color(0));
}

}  // namespace
}  // namespace rcnn::elements
