// SPDX-License-Identifier: MIT
#include "elements/pen.hpp"  // First: proves the header is self-contained.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "elements/painter.hpp"
#include "engine/errors.hpp"
#include "tests/elements/canvas.hpp"

namespace rcnn::elements {
namespace {

using engine::Detection;
using tests::Canvas;
using tests::found;
using tests::kNames;
using tests::YuvCanvas;

/// Y, U, V of limited range BT.709, in double precision.
std::array<double, 3> yuv(Rgb rgb) {
  const double r = rgb[0], g = rgb[1], b = rgb[2];
  const double y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return {16 + 219. / 255 * y, 128 + 224. / 255 * (b - y) / 1.8556, 128 + 224. / 255 * (r - y) / 1.5748};
}

/// A box of each size, one with a mask and one with keypoints.
std::vector<Detection> scene() {
  auto masked = found(101, 61, 240, 200, 1);
  engine::RunWriter writer;
  for (int x = 0; x < 320; ++x) {
    for (int y = 0; y < 240; ++y) writer.add(1, std::hypot(x - 170, y - 130) < 60);
  }
  masked.mask = writer.take(320, 240);
  auto person = found(20, 20, 90, 180, 0);
  for (int i = 0; i < 17; ++i) {
    person.keypoints.push_back(
        {30.F + static_cast<float>(i * 7 % 50), 30.F + static_cast<float>(8 * i), 0.9F});
  }
  return {masked, person, found(251, 11, 301, 60, 2)};
}

// Smoothed edges and dimmed grounds are rounded in each channel.
TEST(Pen, DrawsInLumaWhatItDrawsInColour) {
  for (const bool nv12 : {true, false}) {
    YuvCanvas canvas{320, 240, nv12};
    Canvas packed{320, 240, engine::PixelFormat::kRgb};
    const auto grey = static_cast<std::uint8_t>(std::lround((YuvCanvas::kLuma - 16) * 255. / 219));
    std::fill(packed.bytes.begin(), packed.bytes.end(), grey);
    paint_detections(canvas.target(), scene(), kNames);
    paint_detections(packed.target(), scene(), kNames);
    for (int y = 0; y < 240; ++y) {
      for (int x = 0; x < 320; ++x) {
        ASSERT_NEAR(canvas.at(x, y)[0], yuv(packed.at(x, y))[0], 3) << x << ", " << y;
      }
    }
  }
}

// Where the picture in colour is plain for some pixels around; a line's own samples reach a little further.
TEST(Pen, DrawsInChromaWhereItDrawsInLuma) {
  for (const bool interlaced : {false, true}) {
    YuvCanvas canvas{320, 240, true, interlaced};
    Canvas packed{320, 240, engine::PixelFormat::kRgb};
    const auto grey = static_cast<std::uint8_t>(std::lround((YuvCanvas::kLuma - 16) * 255. / 219));
    std::fill(packed.bytes.begin(), packed.bytes.end(), grey);
    paint_detections(canvas.target(), scene(), kNames);
    paint_detections(packed.target(), scene(), kNames);
    int plain = 0, coloured = 0;
    for (int y = 4; y < 236; ++y) {
      for (int x = 4; x < 316; ++x) {
        bool same = true;
        for (int i = 0; i < 81; ++i)
          same = same && packed.at(x + i % 9 - 4, y + i / 9 - 4) == packed.at(x, y);
        if (!same) continue;
        const auto expected = yuv(packed.at(x, y));
        ++plain;
        coloured += std::abs(expected[1] - 128) > 10 ? 1 : 0;
        ASSERT_NEAR(canvas.at(x, y)[1], expected[1], 2) << x << ", " << y;
        ASSERT_NEAR(canvas.at(x, y)[2], expected[2], 2) << x << ", " << y;
      }
    }
    EXPECT_GT(plain, 20000);
    EXPECT_GT(coloured, 3000) << "the mask's inside";
  }
}

TEST(Pen, GivesEveryPixelOfALineItsColour) {
  for (const auto& [nv12, interlaced] :
       {std::pair{true, false}, {false, false}, {true, true}, {false, true}}) {
    for (const int edge : {50, 51, 52, 53}) {
      YuvCanvas canvas{320, 240, nv12, interlaced};
      const auto x = static_cast<float>(edge);
      paint_detections(canvas.target(), std::vector{found(x, x, x + 101, x + 80, 2)}, kNames,
                       tests::kBoxesOnly);
      const auto color = yuv(class_color(2));
      int drawn = 0;
      for (int y = 0; y < 240; ++y) {
        for (int px = 0; px < 320; ++px) {
          const auto found_here = canvas.at(px, y);
          if (found_here[0] == YuvCanvas::kLuma) continue;
          ++drawn;
          for (std::size_t c = 0; c < 3; ++c) ASSERT_NEAR(found_here[c], color[c], 1) << px << ", " << y;
        }
      }
      EXPECT_GT(drawn, 2 * (101 + 80));
      EXPECT_EQ(canvas.at(edge + 50, edge + 40), (std::array{int{YuvCanvas::kLuma}, 128, 128}));
    }
  }
}

// What a stroke leaves alone in luma keeps its colour, unless it shares a sample with what is drawn.
TEST(Pen, ColoursOfTwoFieldsOnlyTheSamplesOfWhatItDraws) {
  const Rgb rgb{255, 20, 20};
  const auto color = yuv(rgb);
  for (const bool nv12 : {true, false}) {
    for (const int height : {240, 241, 242, 243}) {
      YuvCanvas canvas{320, height, nv12, true};
      const Pen pen(canvas.target(), 1);
      pen.rectangle({-5, 51, 101, 80}, rgb);
      pen.segment({130, 30}, {250, 173}, rgb);
      pen.segment({300, -20}, {280, 400}, rgb);
      pen.dot({50, 203}, rgb);
      pen.dot({120, height - 1}, rgb);
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < 320; ++x) {
          const auto here = canvas.at(x, y);
          if (here[0] < YuvCanvas::kLuma - 50) {
            ASSERT_NEAR(here[1], color[1], 1) << x << ", " << y;
            ASSERT_NEAR(here[2], color[2], 1) << x << ", " << y;
          }
          bool touched = false;
          for (const int line : {y / 4 * 4 + y % 2, y / 4 * 4 + y % 2 + 2}) {
            for (const int px : {x / 2 * 2, x / 2 * 2 + 1}) {
              touched = touched || (line < height && canvas.at(px, line)[0] != YuvCanvas::kLuma);
            }
          }
          ASSERT_TRUE(touched || (here[1] == 128 && here[2] == 128)) << x << ", " << y;
        }
      }
    }
  }
}

TEST(Pen, DrawsTheSameInPlanesAsInPairs) {
  for (const bool interlaced : {false, true}) {
    YuvCanvas pairs{321, 241, true, interlaced};
    YuvCanvas planes{321, 241, false, interlaced};
    paint_detections(pairs.target(), scene(), kNames);
    paint_detections(planes.target(), scene(), kNames);
    EXPECT_EQ(pairs.luma, planes.luma);
    for (int y = 0; y < 241; ++y) {
      for (int x = 0; x < 321; ++x) ASSERT_EQ(pairs.at(x, y), planes.at(x, y)) << x << ", " << y;
    }
  }
}

TEST(Pen, LeavesThePaddingOfPlanesAlone) {
  for (const auto& [nv12, interlaced] :
       {std::pair{true, false}, {false, false}, {true, true}, {false, true}}) {
    for (const int side : {1, 2, 6, 7, 53}) {
      YuvCanvas canvas{side, side, nv12, interlaced};
      paint_detections(canvas.target(), std::vector{found(-20, -20, 500, 500, 0), found(3, 3, 52, 53, 1)},
                       kNames);
      for (std::size_t i = 0; i < canvas.luma.size(); ++i) {
        if (i % canvas.stride < static_cast<std::size_t>(side)) continue;
        ASSERT_EQ(canvas.luma[i], YuvCanvas::kPadding);
      }
      for (const auto& [plane, stride] :
           {std::pair{&canvas.u, canvas.u_stride}, {&canvas.v, canvas.v_stride}}) {
        for (std::size_t i = 0; i < plane->size(); ++i) {
          if (i % stride < canvas.chroma_row) continue;
          ASSERT_EQ((*plane)[i], YuvCanvas::kPadding);
        }
      }
    }
  }
}

TEST(Pen, RefusesRowsOfChromaThatOverlap) {
  YuvCanvas canvas{64, 48, true};
  auto target = canvas.target();
  target.chroma.u_stride = 62;
  try {
    const Pen pen(target, 1);
    FAIL() << "accepted a stride below the row";
  } catch (const engine::ShapeError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("62 bytes a row"));
  }
}

}  // namespace
}  // namespace rcnn::elements
