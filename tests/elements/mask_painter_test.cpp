// SPDX-License-Identifier: MIT
#include "elements/mask_painter.hpp"  // First: proves the header is self-contained.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/elements/canvas.hpp"

namespace rcnn::elements {
namespace {

using engine::PixelFormat;
using tests::Canvas;
using tests::found;
using tests::kBoxesOnly;
using tests::kNames;
using tests::kWhite;
using tests::Rgb;

// An ellipse, or a ring of it, within a box.
engine::Mask ring(int width, int height, double x, double y, double radius, double hole) {
  engine::RunWriter writer;
  for (int column = 0; column < width; ++column) {
    for (int row = 0; row < height; ++row) {
      const double distance = std::hypot(column + 0.5 - x, row + 0.5 - y);
      writer.add(1, distance < radius && distance >= hole);
    }
  }
  return writer.take(width, height);
}

TEST(MaskPainter, TintsWhatAMaskCoversAndDrawsItsContour) {
  for (const auto format : {PixelFormat::kRgb, PixelFormat::kBgr, PixelFormat::kRgbx, PixelFormat::kBgrx}) {
    Canvas canvas{320, 240, format};
    auto round = found(60, 20, 260, 220, 2);
    round.mask = ring(320, 240, 160, 120, 90, 30);
    paint_detections(canvas.target(), std::vector{round}, kNames, kBoxesOnly);
    const Rgb color = class_color(2);
    const Rgb tinted = canvas.at(160, 60);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(tinted[i], (255 + color[i]) / 2, 1) << "halfway between the ground and the colour";
    }
    EXPECT_EQ(canvas.at(160, 120), kWhite) << "the hole stays as it was";
    EXPECT_EQ(canvas.at(70, 30), kWhite) << "so does the box's corner";
    EXPECT_EQ(canvas.at(160, 30), color) << "the outer contour";
    EXPECT_EQ(canvas.at(160, 150), color) << "the hole's";
  }
}

TEST(MaskPainter, CutsMasksToTheImageAndSkipsEmptyOnes) {
  Canvas canvas{64, 48, PixelFormat::kRgb};
  auto large = found(0, 0, 64, 48, 1);
  large.mask = ring(320, 240, 40, 40, 200, 0);  // Of a larger frame
  paint_detections(canvas.target(), std::vector{large}, kNames, kBoxesOnly);
  EXPECT_NE(canvas.at(30, 20), kWhite);
  for (const engine::Mask& nothing : {engine::Mask{}, engine::Mask{64, 48, {64 * 48}}}) {
    Canvas with{64, 48, PixelFormat::kRgb};
    Canvas without = with;
    auto box = found(5, 5, 40, 40, 1);
    paint_detections(without.target(), std::vector{box}, kNames);
    box.mask = nothing;
    paint_detections(with.target(), std::vector{box}, kNames);
    EXPECT_EQ(with.bytes, without.bytes);
  }
}

}  // namespace
}  // namespace rcnn::elements
