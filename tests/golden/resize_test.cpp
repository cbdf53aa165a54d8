// SPDX-License-Identifier: MIT
// A whole photo, read from its file as `detect` reads it and resized as a network of 800x800 wants it: the
// pixels that Detectron2's ResizeTransform makes.
#include "engine/image/resize.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "launch/image_file.hpp"
#include "tests/support/npz.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn {
namespace {

TEST(GoldenResize, APhotoFromItsFileHasDetectron2sPixels) {
  const auto golden = tests::golden_file("resize.npz");
  RCNN_SKIP_WITHOUT(golden);
  const auto name = nlohmann::json::parse(std::ifstream(tests::golden_file("resize.json"))).at("file");
  const auto photo = tests::shared_file("data/coco50/" + name.get<std::string>());
  RCNN_SKIP_WITHOUT(photo);
  const auto image = launch::read_image(photo);
  const engine::ImageView view{image.data, image.cols, image.rows, static_cast<std::ptrdiff_t>(image.step[0]),
                               engine::PixelFormat::kBgr};
  std::vector<std::uint8_t> resized(std::size_t{800} * 800 * 3);
  engine::Resizer({image.cols, image.rows}, {800, 800}).resize_rows(view, 0, 800, resized);

  std::vector<std::uint8_t> every_5th;  // Of the rows and of the columns, as recorded
  for (std::size_t y = 0; y < 800; y += 5) {
    for (std::size_t x = 0; x < 800; x += 5) {
      for (std::size_t c = 0; c < 3; ++c) every_5th.push_back(resized[(y * 800 + x) * 3 + c]);
    }
  }
  const tests::Npz recorded(golden);
  const auto expected = recorded.u8("file_800x800.every_5th");
  EXPECT_EQ(every_5th, std::vector<std::uint8_t>(expected.begin(), expected.end()));
}

}  // namespace
}  // namespace rcnn
