// SPDX-License-Identifier: MIT
#include "engine/image/image_view.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace rcnn::engine {
namespace {

TEST(PartOf, BeginsAtItsFirstPixel) {
  const std::vector<std::uint8_t> bytes(1000);
  for (const auto& [format, pixel] :
       {std::pair{PixelFormat::kRgb, 3}, std::pair{PixelFormat::kBgr, 3}, std::pair{PixelFormat::kRgbx, 4},
        std::pair{PixelFormat::kBgrx, 4}, std::pair{PixelFormat::kYuv420, 1}}) {
    const ImageView image{bytes.data(), 20, 10, 90, format};
    const auto part = part_of(image, 5, 2, {7, 3});
    EXPECT_EQ(part.data - image.data, 2 * 90 + 5 * pixel);
    EXPECT_EQ(part.width, 7);
    EXPECT_EQ(part.height, 3);
    EXPECT_EQ(part.stride, 90);
  }
}

TEST(PartOf, OfAPartKnowsItsPlaceInThePicture) {
  const std::vector<std::uint8_t> bytes(1000);
  const ImageView image{bytes.data(),
                        20,
                        10,
                        20,
                        PixelFormat::kYuv420,
                        {.u = bytes.data() + 200,
                         .v = bytes.data() + 300,
                         .u_stride = 10,
                         .v_stride = 10,
                         .picture = {20, 10}}};
  const auto part = part_of(part_of(image, 5, 2, {10, 6}), 3, 1, {2, 2});
  EXPECT_EQ(part.data - image.data, 3 * 20 + 8);
  EXPECT_EQ(part.chroma.left, 8);
  EXPECT_EQ(part.chroma.top, 3);
  EXPECT_EQ(part.chroma.u, image.chroma.u);
  EXPECT_EQ(part.chroma.picture, (Size{20, 10}));
}

TEST(ChromaRow, IsThatOfTheLinesField) {
  for (const int height : {1, 2, 3, 4, 5, 6, 7, 8}) {
    for (const bool interlaced : {false, true}) {
      int last = 0;
      for (int line = 0; line < height; ++line) {
        const int row = chroma_row(line, interlaced);
        EXPECT_EQ(row, interlaced ? (line % 2) + 2 * ((line / 2) / 2) : line / 2);
        last = std::max(last, row);
      }
      EXPECT_EQ(chroma_rows(height, interlaced), last + 1) << height;
    }
  }
}

}  // namespace
}  // namespace rcnn::engine
