// SPDX-License-Identifier: MIT
#include "elements/painter.hpp"  // First: proves the header is self-contained.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/errors.hpp"
#include "tests/elements/canvas.hpp"

namespace rcnn::elements {
namespace {

using engine::Detection;
using engine::PixelFormat;
using tests::Canvas;
using tests::found;
using tests::kBoxesOnly;
using tests::kNames;
using tests::kWhite;
using tests::Rgb;

const std::vector<Detection> kScene{found(10, 20, 200, 160, 0), found(60.4f, 70.5f, 120, 130, 2, 0.514f),
                                    found(150, 5, 170, 20, 1, 0.07f)};

TEST(Painter, WritesLabelsAsDetectron2Does) {
  EXPECT_EQ(label_text(found(0, 0, 1, 1, 0, 0.98f), kNames), "person 98%");
  EXPECT_EQ(label_text(found(0, 0, 1, 1, 2, 0.9949f), kNames), "car 99%");
  EXPECT_EQ(label_text(found(0, 0, 1, 1, 2, 1.f), kNames), "car 100%");
  EXPECT_EQ(label_text(found(0, 0, 1, 1, 81, 0.5f), kNames), "class 81 50%");
  EXPECT_EQ(label_text(found(0, 0, 1, 1, -1, 0.5f), kNames), "class -1 50%");
}

TEST(Painter, KeepsClassColoursBrightAndApart) {
  for (int a = 0; a < 80; ++a) {
    const Rgb color = class_color(a);
    EXPECT_EQ(class_color(a), color);
    EXPECT_GE(*std::max_element(color.begin(), color.end()), 190) << a;
    for (int b = 0; b < a; ++b) {
      EXPECT_NE(class_color(b), color) << a << " and " << b;
    }
    const Rgb next = class_color(a + 1);
    int distance = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      distance += std::abs(color[i] - next[i]);
    }
    EXPECT_GT(distance, 120) << "neighbours " << a << ", " << a + 1;
  }
}

TEST(Painter, DrawsTheSamePictureInEveryFormat) {
  Canvas reference{320, 240, PixelFormat::kRgb};
  paint_detections(reference.target(), kScene, kNames);
  for (const auto format : {PixelFormat::kBgr, PixelFormat::kRgbx, PixelFormat::kBgrx}) {
    Canvas canvas{320, 240, format};
    paint_detections(canvas.target(), kScene, kNames);
    EXPECT_EQ(canvas.pixels(), reference.pixels()) << "format " << static_cast<int>(format);
  }
}

TEST(Painter, LeavesThePaddingOfRowsAlone) {
  Canvas canvas{101, 53, PixelFormat::kBgr};
  paint_detections(canvas.target(), std::vector{found(-20, -20, 500, 500, 0), found(80, 30, 101, 53, 1)},
                   kNames);
  for (std::size_t i = 0; i < canvas.bytes.size(); ++i) {
    if (i % canvas.stride >= 3 * 101) {
      ASSERT_EQ(canvas.bytes[i], Canvas::kPadding) << "byte " << i;
    }
  }
}

TEST(Painter, OutlinesThePixelsThatABoxTouches) {
  Canvas canvas{320, 240, PixelFormat::kRgb};
  paint_detections(canvas.target(), std::vector{found(20.2f, 30.7f, 99.1f, 80, 2)}, kNames, kBoxesOnly);
  const Rgb color = class_color(2);
  EXPECT_EQ(canvas.at(20, 30), color);
  EXPECT_EQ(canvas.at(99, 79), color);
  EXPECT_EQ(canvas.at(60, 30), color);
  EXPECT_EQ(canvas.at(20, 60), color);
  EXPECT_EQ(canvas.at(60, 55), kWhite) << "the inside stays as it was";
  EXPECT_EQ(canvas.at(18, 28), kWhite);
  EXPECT_EQ(canvas.at(102, 82), kWhite);
}

TEST(Painter, PutsSmallBoxesOnTopWhateverTheirOrder) {
  const auto large = found(10, 10, 200, 200, 0, 0.2f);
  const auto small = found(50, 150, 100, 200, 1, 0.9f);  // Shares its lower edge with the large one.
  Canvas one{320, 240, PixelFormat::kBgr};
  Canvas other = one;
  paint_detections(one.target(), std::vector{large, small}, kNames);
  paint_detections(other.target(), std::vector{small, large}, kNames);
  EXPECT_EQ(one.bytes, other.bytes);
  EXPECT_EQ(one.at(98, 199), class_color(1));
}

// Pixels of the label's dark ground (neither white nor a colour of the text or box).
int label_pixels(const Canvas& canvas) {
  int count = 0;
  for (const Rgb& rgb : canvas.pixels()) {
    count += rgb == Rgb{64, 64, 64} ? 1 : 0;
  }
  return count;
}

TEST(Painter, KeepsLabelsInsideTheImage) {
  Canvas middle{320, 240, PixelFormat::kBgr};
  paint_detections(middle.target(), std::vector{found(150, 120, 160, 130, 0)}, kNames);
  const int whole = label_pixels(middle);
  ASSERT_GT(whole, 200);
  for (const auto& corner : {found(0, 0, 8, 8, 0), found(312, 0, 320, 8, 0), found(0, 232, 8, 240, 0),
                             found(312, 232, 320, 240, 0), found(310, 100, 330, 110, 0)}) {
    Canvas canvas{320, 240, PixelFormat::kBgr};
    paint_detections(canvas.target(), std::vector{corner}, kNames);
    EXPECT_GT(label_pixels(canvas), whole * 8 / 10) << corner.box.x0 << ", " << corner.box.y0;
  }
}

TEST(Painter, DoesNotHideSmallBoxesUnderTheirLabels) {
  Canvas canvas{320, 240, PixelFormat::kBgr};
  paint_detections(canvas.target(), std::vector{found(150, 120, 162, 132, 0)}, kNames);
  for (int y = 123; y < 129; ++y) {
    EXPECT_EQ(canvas.at(156, y), kWhite);
  }
}

// Of two boxes that begin in one corner both can be read, and no box lies over a label.
TEST(Painter, KeepsLabelsApartAndOverBoxes) {
  const auto first = found(40, 60, 300, 200, 0, 0.9f), second = found(40, 60, 290, 200, 1, 0.8f);
  const auto across = found(60, 30, 90, 160, 2, 0.7f);  // Its edge crosses the first label's place
  Canvas alone{320, 240, PixelFormat::kBgr}, both = alone, crossed = alone;
  paint_detections(alone.target(), std::vector{first}, kNames);
  paint_detections(both.target(), std::vector{first, second}, kNames);
  paint_detections(crossed.target(), std::vector{first, across}, kNames);
  EXPECT_GT(label_pixels(both), label_pixels(alone) * 18 / 10);
  for (int y = 64; y < 70; ++y) {
    for (int x = 50; x < 80; ++x) {
      EXPECT_EQ(both.at(x, y), alone.at(x, y)) << x << ", " << y;
      if (alone.at(x, y) != Rgb{64, 64, 64}) continue;  // Letters
      for (const auto channel : crossed.at(x, y))
        EXPECT_LE(channel, 64) << x << ", " << y << ": the edge is over the ground";
    }
  }
}

TEST(Painter, SkipsLowScoresAndBoxesWithoutAPlace) {
  Canvas canvas{64, 48, PixelFormat::kRgbx};
  const auto before = canvas.bytes;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  paint_detections(
      canvas.target(),
      std::vector{found(5, 5, 20, 20, 0, 0.3f), found(nan, 0, 9, 9, 0), found(0, 0, infinity, 9, 0)}, kNames,
      {.labels = true, .scale = 1.0, .min_score = 0.5f});
  EXPECT_EQ(canvas.bytes, before);
}

TEST(Painter, StaysWithinTinyImagesWhateverTheBoxes) {
  for (const int side : {1, 2, 7}) {
    Canvas canvas{side, side, PixelFormat::kBgrx};
    paint_detections(canvas.target(), std::vector{found(-3e9f, -3e9f, 3e9f, 3e9f, 0), found(0, 0, 0, 0, 1)},
                     kNames);
    for (std::size_t i = 0; i < canvas.bytes.size(); ++i) {
      if (i % canvas.stride >= static_cast<std::size_t>(side) * canvas.pixel) {
        EXPECT_EQ(canvas.bytes[i], Canvas::kPadding) << "behind the row, at " << i;
      }
    }
  }
}

TEST(Painter, WritesOneMarkForACharacterTheFontLacks) {
  Canvas accented{320, 240, PixelFormat::kBgr};
  Canvas marked{320, 240, PixelFormat::kBgr};
  const std::vector detections{found(10, 10, 200, 200, 0)};
  paint_detections(accented.target(), detections, {"caf\xc3\xa9\n"});
  paint_detections(marked.target(), detections, {"caf??"});
  EXPECT_EQ(accented.bytes, marked.bytes);
}

// Rows of the picture on which a pixel differs from the white ground.
int painted_rows(const Canvas& canvas) {
  int rows = 0;
  for (int y = 0; y < canvas.height; ++y) {
    int x = 0;
    while (x < canvas.width && canvas.at(x, y) == kWhite) ++x;
    rows += x < canvas.width ? 1 : 0;
  }
  return rows;
}

TEST(PaintTitles, StacksALineAClassInTheCorner) {
  Canvas one{320, 240, PixelFormat::kBgr};
  Canvas three{320, 240, PixelFormat::kBgr};
  const std::vector<engine::ClassScore> classes{{2, 0.7f}, {0, 0.2f}, {1, 0.1f}};
  paint_titles(one.target(), std::span(classes).first(1), kNames);
  paint_titles(three.target(), classes, kNames);
  const int height = painted_rows(one);
  EXPECT_GE(height, 8);
  EXPECT_EQ(painted_rows(three), 3 * height);
  for (int x = 0; x < 320; ++x) {
    for (int y = 0; y < height; ++y) ASSERT_EQ(three.at(x, y), one.at(x, y)) << x << ", " << y;
  }
  EXPECT_EQ(three.at(0, 0), (Rgb{64, 64, 64}));
  EXPECT_EQ(three.at(319, 0), kWhite);
}

TEST(PaintTitles, MakesLongTextSmallerThanTheWidthAndLeavesOutWhatIsTooLow) {
  const std::vector<std::string> names{"a name of many letters that goes on and on"};
  const std::vector<engine::ClassScore> classes(50, {0, 0.5f});
  Canvas canvas{160, 90, PixelFormat::kRgbx};
  paint_titles(canvas.target(), classes, names);
  EXPECT_EQ(canvas.at(155, 0), (Rgb{64, 64, 64})) << "the ground spans the width";
  bool text_at_the_edge = false;
  for (int y = 0; y < 90; ++y) text_at_the_edge |= canvas.at(159, y)[0] > 64 && canvas.at(159, y) != kWhite;
  EXPECT_FALSE(text_at_the_edge) << "a letter is cut off";
  EXPECT_GT(painted_rows(canvas), 60);
  Canvas tiny{1, 1, PixelFormat::kBgr};
  paint_titles(tiny.target(), classes, names);
}

TEST(Painter, RefusesRowsThatOverlap) {
  Canvas canvas{64, 48, PixelFormat::kBgrx};
  auto target = canvas.target();
  target.stride = 64 * 3;
  try {
    paint_detections(target, kScene, kNames);
    FAIL() << "accepted a stride below the row";
  } catch (const engine::ShapeError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("192 bytes a row"));
  }
}

}  // namespace
}  // namespace rcnn::elements
