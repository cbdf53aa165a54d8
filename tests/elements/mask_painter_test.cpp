// SPDX-License-Identifier: MIT
#include "elements/mask_painter.hpp"  // First: proves the header is self-contained.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

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

// Shapes with holes, islands, and columns with nothing, up to and beyond the picture's edges.
TEST(MaskPainter, PaintsEveryPixelAsItsNeighboursSay) {
  constexpr int kWidth = 61, kHeight = 47;
  for (const unsigned seed : {1U, 2U, 3U}) {
    std::mt19937 random(seed);
    std::vector<bool> covered(std::size_t{kWidth} * kHeight);
    for (int i = 0; i < 12; ++i) {
      const int x = static_cast<int>(random() % kWidth), y = static_cast<int>(random() % kHeight);
      const int side = static_cast<int>(random() % 20);
      for (int column = x; column < std::min(kWidth, x + side); ++column) {
        for (int row = y; row < std::min(kHeight, y + side / 2 + 1); ++row) {
          const auto at = static_cast<std::size_t>(column * kHeight + row);
          covered[at] = !covered[at];
        }
      }
    }
    const auto inside = [&](int x, int y) {
      return x >= 0 && y >= 0 && x < kWidth && y < kHeight &&
             covered[static_cast<std::size_t>(x * kHeight + y)];
    };
    engine::RunWriter writer;
    for (int x = 0; x < kWidth; ++x) {
      for (int y = 0; y < kHeight; ++y) writer.add(1, inside(x, y));
    }
    const auto mask = writer.take(kWidth, kHeight);
    for (const int cut : {0, 5}) {
      const int width = kWidth - cut, height = kHeight - cut;
      Canvas canvas{width, height, PixelFormat::kBgrx};
      const Rgb color{10, 200, 90};
      paint_mask(Pen(canvas.target(), 1), mask, color);
      // What lies beyond the picture is outside.
      const auto seen = [&](int x, int y) { return x < width && y < height && inside(x, y); };
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          int around = 0;
          for (int i = 0; i < 9; ++i) around += seen(x + i % 3 - 1, y + i / 3 - 1) ? 1 : 0;
          const auto found = canvas.at(x, y);
          for (std::size_t c = 0; c < 3; ++c) {
            const int expected = around > 0 && around < 9 ? color[c]
                                 : around == 9            ? (255 + color[c]) / 2
                                                          : 255;
            ASSERT_NEAR(found[c], expected, 1) << x << ", " << y << ", seed " << seed;
          }
        }
      }
    }
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
