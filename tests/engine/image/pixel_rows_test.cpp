// SPDX-License-Identifier: MIT
#include "engine/image/pixel_rows.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "engine/image/resize.hpp"
#include "engine/image/row_kernels.hpp"
#include "engine/image/target_rows.hpp"
#include "tests/engine/image/reference/yuv.hpp"
#include "tests/support/instruction_sets.hpp"

namespace rcnn::engine {
namespace {

std::vector<std::uint8_t> bgr_of(const ImageView& image) {
  PixelRows rows(image);
  const auto width = static_cast<std::size_t>(image.width);
  std::vector<std::uint8_t> row(4 * width + kRowSlack), all;
  for (int y = 0; y < image.height; ++y) {
    rows.read(y, row.data());
    for (std::size_t x = 0; x < width; ++x) all.insert(all.end(), &row[4 * x], &row[4 * x + 3]);
  }
  return all;
}

TEST(PixelRows, ConvertEachPixelWithItsOwnColour) {
  for (const bool nv12 : {false, true}) {
    const tests::YuvImage picture({37, 11}, nv12, 1);
    auto view = picture.view();
    view.chroma.horizontal = view.chroma.vertical = ChromaSite::kNearest;
    view.chroma.encoding = {.kr = 0.2126, .kb = 0.0722};
    const auto bgr = bgr_of(view);
    for (int y = 0; y < 11; ++y) {
      for (int x = 0; x < 37; ++x) {
        const auto& chroma = view.chroma;
        const auto u = chroma.u[y / 2 * chroma.u_stride + x / 2 * chroma.step];
        const auto v = chroma.v[y / 2 * chroma.v_stride + x / 2 * chroma.step];
        const auto expected = tests::slow_bgr(view.data[y * view.stride + x], u, v, chroma.encoding, false);
        for (std::size_t c = 0; c < 3; ++c) {
          ASSERT_EQ(bgr[static_cast<std::size_t>(3 * (37 * y + x)) + c], expected[c]) << x << ", " << y;
        }
      }
    }
  }
}

// Whatever the resize and however it is cut into bands, it sees the picture that was converted as a whole.
TEST(PixelRows, ResizeAsTheConvertedPictureDoes) {
  for (const bool nv12 : {false, true}) {
    const Size size{61, 83};
    const tests::YuvImage picture(size, nv12, 2);
    const auto bgr = bgr_of(picture.view());
    const ImageView packed{bgr.data(), size.width, size.height, 3 * size.width, PixelFormat::kBgr};
    for (const Size target : {Size{40, 40}, Size{61, 83}, Size{60, 20}, Size{100, 130}}) {
      const Resizer resizer(size, target);
      std::vector<std::uint8_t> expected(static_cast<std::size_t>(3 * target.width * target.height));
      auto found = expected;
      resizer.resize_rows(packed, 0, target.height, expected);
      for (int y = 0; y < target.height; y += 7) {
        resizer.resize_rows(picture.view(), y, std::min(y + 7, target.height), found);
      }
      EXPECT_EQ(found, expected) << target.width << "x" << target.height;
    }
  }
}

// A height that shrinks is resized first, from rows that wait side by side: narrower than a register, too.
TEST(PixelRows, ResizeNarrowPartsAsThoseOfTheConvertedPicture) {
  const Size whole{64, 120}, target{24, 30};
  for (const bool nv12 : {false, true}) {
    const tests::YuvImage picture(whole, nv12, 3);
    const auto bgr = bgr_of(picture.view());
    const ImageView packed{bgr.data(), whole.width, whole.height, 3 * whole.width, PixelFormat::kBgr};
    tests::with_each_instruction_set([&] {
      for (int width = 1; width <= 33; ++width) {
        const Size part{width, whole.height};
        ASSERT_TRUE(vertical_pass_first(part, target));
        const Resizer resizer(part, target);
        std::vector<std::uint8_t> expected(static_cast<std::size_t>(3 * target.width * target.height));
        auto found = expected;
        resizer.resize_rows(part_of(packed, 20, 0, part), 0, target.height, expected);
        resizer.resize_rows(part_of(picture.view(), 20, 0, part), 0, target.height, found);
        EXPECT_EQ(found, expected) << (nv12 ? "NV12, " : "I420, ") << width << " pixels wide";
      }
    });
  }
}

}  // namespace
}  // namespace rcnn::engine
