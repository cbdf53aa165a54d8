// SPDX-License-Identifier: MIT
#include "engine/image/chroma_rows.hpp"

#include <gtest/gtest.h>

#include "tests/engine/image/reference/yuv.hpp"

namespace rcnn::engine {
namespace {

/// Row of the chroma plane that holds a line's colour.
int sample_row(const ImageView& image, int line) {
  line = std::clamp(line, 0, image.chroma.picture.height - 1);
  return image.chroma.interlaced ? line / 4 * 2 + line % 2 : line / 2;
}

struct Plane {
  const std::uint8_t* data;
  std::ptrdiff_t stride;
};

/// One row, upsampled along x.
int slow_wide(const ImageView& image, const Plane& plane, int row, int x) {
  const auto& chroma = image.chroma;
  const auto sample = [&](int i) {
    return int{
        plane.data[row * plane.stride + std::clamp(i, 0, (chroma.picture.width + 1) / 2 - 1) * chroma.step]};
  };
  const int own = x / 2, other = x % 2 == 0 ? own - 1 : own + 1;
  if (chroma.horizontal == ChromaSite::kCentred) return (3 * sample(own) + sample(other) + 2) / 4;
  if (chroma.horizontal == ChromaSite::kCosited && x % 2 == 1) return (sample(own) + sample(other) + 1) / 2;
  return sample(own);
}

/// Slow twin: `x` and `y` in the picture.
int slow_chroma(const ImageView& image, const Plane& plane, int x, int y) {
  const int own = slow_wide(image, plane, sample_row(image, y), x);
  if (image.chroma.vertical == ChromaSite::kNearest) return own;
  int line = y % 2 == 0 ? y - 1 : y + 1, eighths = 6;
  if (image.chroma.interlaced) {
    line = y % 4 < 2 ? y - 2 : y + 2;
    eighths = y % 4 == 0 || y % 4 == 3 ? 7 : 5;
  }
  const int other = slow_wide(image, plane, sample_row(image, line), x);
  return (eighths * own + (8 - eighths) * other + 4) / 8;
}

void expect_as_slow(const ImageView& image) {
  ChromaRows rows(image);
  const Plane of_u{image.chroma.u, image.chroma.u_stride}, of_v{image.chroma.v, image.chroma.v_stride};
  for (int y = 0; y < image.height; ++y) {
    const auto [u, v] = rows.row(y);
    for (int x = 0; x < image.width; ++x) {
      const int px = x + image.chroma.left, py = y + image.chroma.top;
      ASSERT_EQ(u[x], slow_chroma(image, of_u, px, py)) << px << ", " << py;
      ASSERT_EQ(v[x], slow_chroma(image, of_v, px, py)) << px << ", " << py;
    }
  }
}

TEST(ChromaRows, AreTheSlowTwinsAtEverySiteAndSize) {
  for (const Size size : {Size{1, 1}, Size{2, 2}, Size{7, 5}, Size{31, 6}, Size{64, 9}, Size{131, 10}}) {
    for (const bool nv12 : {false, true}) {
      const tests::YuvImage picture(size, nv12, 3);
      for (const auto horizontal : {ChromaSite::kNearest, ChromaSite::kCentred, ChromaSite::kCosited}) {
        for (const auto vertical : {ChromaSite::kNearest, ChromaSite::kCentred}) {
          for (const bool interlaced : {false, true}) {
            auto view = picture.view();
            view.chroma.horizontal = horizontal;
            view.chroma.vertical = vertical;
            view.chroma.interlaced = interlaced;
            expect_as_slow(view);
          }
        }
      }
    }
  }
}

TEST(ChromaRows, OfAPartComeFromTheWholePicture) {
  const tests::YuvImage picture({61, 23}, true, 4);
  for (const int left : {0, 1, 2, 13}) {
    for (const int top : {0, 1, 2, 3, 8}) {
      for (const Size size : {Size{1, 1}, Size{17, 5}, Size{61 - left, 23 - top}}) {
        expect_as_slow(part_of(picture.view(), left, top, size));
      }
    }
  }
}

TEST(ChromaRows, MayBeAskedForInAnyOrder) {
  const tests::YuvImage picture({20, 40}, false, 5);
  ChromaRows rows(picture.view());
  const Plane of_u{picture.view().chroma.u, picture.view().chroma.u_stride};
  for (const int y : {39, 0, 17, 16, 39, 3}) {
    EXPECT_EQ(rows.row(y).u[7], slow_chroma(picture.view(), of_u, 7, y)) << y;
  }
}

}  // namespace
}  // namespace rcnn::engine
