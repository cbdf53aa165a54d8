// SPDX-License-Identifier: MIT
#include "engine/classify/classifier_input.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

TEST(ShorterSideSize, IsTorchvisions) {
  EXPECT_EQ(shorter_side_size({640, 427}, 256), (Size{383, 256}));
  EXPECT_EQ(shorter_side_size({427, 640}, 256), (Size{256, 383}));
  EXPECT_EQ(shorter_side_size({500, 500}, 256), (Size{256, 256}));
  EXPECT_EQ(shorter_side_size({98, 49}, 256), (Size{512, 256}));  // 256 / 49.0 * 98 falls short of 512
}

std::vector<std::uint8_t> pattern(Size size) {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 3 * size.width * size.height; ++i)
    pixels.push_back(static_cast<std::uint8_t>(i * 37 + i / 91));
  return pixels;
}

// The slow twin: the whole resized image, then the cut.
TEST(ClassifierInput, IsTheMiddleOfTheResizedImage) {
  const Size source{53, 71}, resized{30, 41}, crop{24, 32};
  const auto pixels = pattern(source);
  const ImageView image{pixels.data(), source.width, source.height, 3 * source.width, PixelFormat::kBgr};
  for (const auto& [rgb, interpolation] :
       {std::pair{false, Interpolation::kBilinear}, {true, Interpolation::kBicubic}}) {
    const Normalization normalization{{10, 20, 30}, {2, 4, 8}, rgb};
    Tensor input({"image", {1, 3, resized.height, resized.width}});
    Resizer(source, resized, interpolation).network_rows(image, normalization, 0, resized.height, input);
    const auto whole = input.values<float>();
    std::vector<float> cut(3 * 24 * 32);
    classifier_input(image, resized, crop, interpolation, normalization, cut);
    for (int channel = 0; channel < 3; ++channel) {
      for (int y = 0; y < crop.height; ++y) {
        for (int x = 0; x < crop.width; ++x) {
          // (41 - 32) / 2 = 4.5 is rounded to the even 4
          ASSERT_FLOAT_EQ(cut[static_cast<std::size_t>((channel * 32 + y) * 24 + x)],
                          whole[static_cast<std::size_t>((channel * 41 + y + 4) * 30 + x + 3)]);
        }
      }
    }
  }
}

TEST(ClassifierInput, RefusesACropThatDoesNotFit) {
  const auto pixels = pattern({8, 8});
  const ImageView image{pixels.data(), 8, 8, 24, PixelFormat::kBgr};
  std::vector<float> output(3 * 16 * 16);
  EXPECT_THROW(classifier_input(image, {8, 8}, {9, 8}, {}, {}, output), ShapeError);
  output.resize(3 * 8 * 8 - 1);
  EXPECT_THROW(classifier_input(image, {8, 8}, {8, 8}, {}, {}, output), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
