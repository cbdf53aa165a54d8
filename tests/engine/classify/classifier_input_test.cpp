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

/// The slow twin: the whole resized image, then the cut at (left, top).
std::vector<float> cut_from_whole(const ImageView& image, Size resized, int left, int top, Size crop,
                                  Interpolation interpolation, const Normalization& normalization) {
  Tensor input({"image", {1, 3, resized.height, resized.width}});
  Resizer({image.width, image.height}, resized, interpolation)
      .network_rows(image, normalization, 0, resized.height, input);
  const auto whole = input.values<float>();
  std::vector<float> cut;
  for (int channel = 0; channel < 3; ++channel) {
    for (int y = top; y < top + crop.height; ++y) {
      for (int x = left; x < left + crop.width; ++x) {
        cut.push_back(whole[static_cast<std::size_t>((channel * resized.height + y) * resized.width + x)]);
      }
    }
  }
  return cut;
}

struct Case {
  Size source, resized, crop;
  int left, top;
};

TEST(ClassifierInput, IsTheMiddleOfTheResizedImage) {
  for (const auto& [source, resized, crop, left, top] : {
           Case{{53, 71}, {30, 41}, {24, 32}, 3, 4},   // (41 - 32) / 2 = 4.5 is rounded to the even 4
           Case{{40, 200}, {34, 34}, {28, 28}, 3, 3},  // The height is resized first
           Case{{200, 40}, {170, 34}, {28, 28}, 71, 3}, Case{{9, 5}, {115, 64}, {56, 56}, 30, 4},  // 29.5
           Case{{40, 60}, {40, 50}, {24, 50}, 8, 0},  // The width stays
           Case{{40, 60}, {40, 60}, {24, 32}, 8, 14}, Case{{50, 30}, {37, 21}, {37, 21}, 0, 0},  // All of it
       }) {
    const auto pixels = pattern(source);
    for (const auto format : {PixelFormat::kBgr, PixelFormat::kRgb}) {
      const ImageView image{pixels.data(), source.width, source.height, 3 * source.width, format};
      for (const auto& [rgb, interpolation] :
           {std::pair{false, Interpolation::kBilinear}, {true, Interpolation::kBicubic}}) {
        const Normalization normalization{{10, 20, 30}, {2, 4, 8}, rgb};
        std::vector<float> found(3 * static_cast<std::size_t>(crop.width * crop.height));
        classifier_input(image, resized, crop, interpolation, normalization, found);
        EXPECT_EQ(found, cut_from_whole(image, resized, left, top, crop, interpolation, normalization))
            << source.width << "x" << source.height << " to " << resized.width << "x" << resized.height;
      }
    }
  }
}

// A needle of a picture: of what it is resized to, only the crop may take time and memory.
TEST(ClassifierInput, IsCutFromAWholeThatNoMemoryHolds) {
  const Size source{16, 16}, resized{1 << 24, 1 << 24}, crop{24, 24};  // 768 TiB
  const auto pixels = pattern(source);
  const ImageView image{pixels.data(), source.width, source.height, 3 * source.width, PixelFormat::kBgr};
  std::vector<float> found(3 * 24 * 24);
  classifier_input(image, resized, crop, Interpolation::kBilinear, {{}, {1, 1, 1}, false}, found);
  const auto at = [&](int x, int y, int channel) {
    return int{pixels[static_cast<std::size_t>(3 * (16 * y + x) + channel)]};
  };
  for (int channel = 0; channel < 3; ++channel) {
    const int mean = (at(7, 7, channel) + at(8, 7, channel) + at(7, 8, channel) + at(8, 8, channel)) / 4;
    for (std::size_t i = 0; i < 24 * 24; ++i) {
      ASSERT_NEAR(found[static_cast<std::size_t>(channel) * 24 * 24 + i], mean, 1) << i;
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
