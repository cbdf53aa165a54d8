// SPDX-License-Identifier: MIT
#include "engine/image/resize.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/errors.hpp"
#include "tests/engine/image/reference/resize.hpp"
#include "tests/support/elements.hpp"
#include "tests/support/instruction_sets.hpp"
#include "tests/support/npz.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

using ::testing::Each;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using tests::PlainImage;

ImageView view(const PlainImage& image, PixelFormat format = PixelFormat::kBgr) {
  return {image.bytes.data(), image.width, image.height,
          static_cast<std::ptrdiff_t>(image.width) * image.channels, format};
}

std::vector<std::uint8_t> resized(const ImageView& image, Size target,
                                  Interpolation interpolation = Interpolation::kBilinear) {
  std::vector<std::uint8_t> output(static_cast<std::size_t>(target.width * target.height * 3));
  Resizer({image.width, image.height}, target, interpolation).resize_rows(image, 0, target.height, output);
  return output;
}

TEST(Resizer, EqualsPillowByteForByte) {
  const auto file = tests::golden_file("resize.npz");
  RCNN_SKIP_WITHOUT(file);
  const tests::Npz golden(file);
  int cases = 0;
  for (const auto& name : golden.names()) {
    const auto dot = name.find('.');
    if (dot == std::string::npos || !golden.has(name.substr(0, dot) + ".in") || name.ends_with(".in"))
      continue;
    const auto source = name.substr(0, dot) + ".in";
    const auto& from = golden.shape(source);
    const auto& to = golden.shape(name);
    const ImageView image{golden.u8(source).data(), static_cast<int>(from[1]), static_cast<int>(from[0]),
                          from[1] * 3, PixelFormat::kBgr};
    const auto expected = golden.u8(name);
    EXPECT_EQ(resized(image, {static_cast<int>(to[1]), static_cast<int>(to[0])}),
              std::vector<std::uint8_t>(expected.begin(), expected.end()))
        << name;
    ++cases;
  }
  EXPECT_EQ(cases, 28);
}

// Recorded from Pillow 13: Image.fromarray(a).resize((5, 4), Image.BICUBIC) of the same 9x6 picture.
TEST(Resizer, EqualsPillowsBicubic) {
  PlainImage image(9, 6, 3);
  for (std::size_t i = 0; i < image.bytes.size(); ++i)
    image.bytes[i] = static_cast<std::uint8_t>(i * i * 7 + i * 13);
  EXPECT_THAT(
      resized(view(image), {5, 4}, Interpolation::kBicubic),
      ElementsAreArray<int>({46,  138, 136, 100, 124, 122, 154, 130, 73,  164, 160, 197, 150, 87,  194,  //
                             117, 198, 111, 127, 139, 96,  128, 96,  145, 130, 112, 112, 134, 149, 65,   //
                             111, 120, 160, 59,  109, 92,  130, 91,  117, 130, 122, 89,  142, 138, 106,  //
                             121, 137, 81,  124, 128, 115, 144, 110, 103, 199, 119, 169, 85,  137, 218}));
}

TEST(Resizer, EqualsTheSlowTwinAtAwkwardSizes) {
  const std::vector<Size> sizes{{1, 1}, {3, 2}, {13, 127}, {64, 64}, {65, 31}, {127, 13}, {300, 5}};
  for (const auto from : sizes) {
    const auto image = tests::noise(from.width, from.height, 3, 9);
    for (const auto to : sizes) {
      EXPECT_EQ(resized(view(image), to), tests::slow_resize(image, to.width, to.height).bytes)
          << from.width << "x" << from.height << " to " << to.width << "x" << to.height;
      EXPECT_EQ(resized(view(image), to, Interpolation::kBicubic),
                tests::slow_resize(image, to.width, to.height, tests::kSlowBicubic).bytes)
          << from.width << "x" << from.height << " to " << to.width << "x" << to.height << ", bicubic";
    }
  }
}

TEST(Resizer, EveryInstructionSetMakesTheSameBytes) {
  const auto image = tests::noise(151, 83, 3, 9);
  for (const Size to : {Size{67, 90}, Size{200, 41}, Size{151, 60}, Size{64, 83}}) {
    const auto bilinear = tests::slow_resize(image, to.width, to.height).bytes;
    const auto bicubic = tests::slow_resize(image, to.width, to.height, tests::kSlowBicubic).bytes;
    tests::with_each_instruction_set([&] {
      EXPECT_EQ(resized(view(image), to), bilinear);
      EXPECT_EQ(resized(view(image), to, Interpolation::kBicubic), bicubic);
    });
  }
}

// The same picture in four formats, with rows farther apart than their pixels: one BGR result.
TEST(Resizer, ReadsEveryFormatAndStride) {
  const auto image = tests::noise(37, 21, 3, 4);
  const auto expected = resized(view(image), {50, 17});
  for (const auto format : {PixelFormat::kRgb, PixelFormat::kBgr, PixelFormat::kRgbx, PixelFormat::kBgrx}) {
    const bool wide = format == PixelFormat::kRgbx || format == PixelFormat::kBgrx;
    const bool rgb = format == PixelFormat::kRgb || format == PixelFormat::kRgbx;
    const std::size_t pixel = wide ? 4 : 3;
    const std::size_t stride = 37 * pixel + 11;
    std::vector<std::uint8_t> bytes(20 * stride + 37 * pixel, 0xAB);  // Nothing behind the last pixel
    for (int y = 0; y < 21; ++y) {
      for (int x = 0; x < 37; ++x) {
        for (int c = 0; c < 3; ++c) {
          bytes[static_cast<std::size_t>(y) * stride + static_cast<std::size_t>(x) * pixel +
                static_cast<std::size_t>(rgb ? 2 - c : c)] = image.at(y, x, c);
        }
      }
    }
    const ImageView strided{bytes.data(), 37, 21, static_cast<std::ptrdiff_t>(stride), format};
    EXPECT_EQ(resized(strided, {50, 17}), expected) << static_cast<int>(format);
  }
}

TEST(Resizer, RowRangesAddUpToTheWhole) {
  for (const auto& [from, to] :
       {std::pair{Size{90, 70}, Size{64, 33}}, {Size{20, 11}, Size{64, 64}}, {Size{64, 50}, Size{64, 80}}}) {
    const auto image = tests::noise(from.width, from.height, 3, 2);
    const auto whole = resized(view(image), to);
    std::vector<std::uint8_t> pieces(whole.size());
    const Resizer resizer(from, to);
    for (int begin = 0; begin < to.height; begin += 7) {
      resizer.resize_rows(view(image), begin, std::min(to.height, begin + 7), pieces);
    }
    EXPECT_EQ(pieces, whole);
  }
}

// A portrait loses height first, a landscape width first, and no piece of either knows where it is.
TEST(Resizer, RowRangesOfAPortraitAddUpToTheWhole) {
  const auto image = tests::noise(54, 96, 3, 2);
  const Size to{40, 37};
  const auto whole = resized(view(image), to);
  EXPECT_EQ(whole, tests::slow_resize(image, to.width, to.height).bytes);
  std::vector<std::uint8_t> pieces(whole.size());
  for (int begin = 0; begin < to.height; begin += 5) {
    Resizer({54, 96}, to).resize_rows(view(image), begin, std::min(to.height, begin + 5), pieces);
  }
  EXPECT_EQ(pieces, whole);
}

// Whichever pass is first and whether the width stays.
TEST(Resizer, AWindowIsThatPartOfTheWhole) {
  for (const auto& [from, to] : {std::pair{Size{90, 70}, Size{64, 33}},
                                 {Size{54, 96}, Size{40, 37}},
                                 {Size{20, 11}, Size{64, 64}},
                                 {Size{64, 50}, Size{64, 50}}}) {
    const auto image = tests::noise(from.width, from.height, 3, 2);
    const auto whole = resized(view(image), to);
    for (const auto& window : {Window{0, 0, {1, 1}}, Window{7, 5, {30, 21}}, Window{0, 3, {to.width, 8}},
                               Window{to.width - 9, to.height - 2, {9, 2}}}) {
      const auto& [left, top, size] = window;
      const Resizer resizer(from, to, Interpolation::kBilinear, window);
      EXPECT_EQ(resizer.target(), size);
      std::vector<std::uint8_t> expected, found(static_cast<std::size_t>(3 * size.width * size.height));
      for (int y = top; y < top + size.height; ++y) {
        const auto* row = whole.data() + 3 * (y * to.width + left);
        expected.insert(expected.end(), row, row + 3 * size.width);
      }
      resizer.resize_rows(view(image), 0, size.height / 2, found);
      resizer.resize_rows(view(image), size.height / 2, size.height, found);
      EXPECT_EQ(found, expected) << to.width << "x" << to.height << " from " << left << ", " << top;
    }
  }
}

TEST(Resizer, RefusesAWindowOutsideItsTarget) {
  for (const auto& window : {Window{-1, 0, {8, 8}}, Window{0, -1, {8, 8}}, Window{13, 0, {8, 8}},
                             Window{0, 3, {8, 8}}, Window{0, 0, {0, 8}}, Window{1 << 30, 0, {1 << 30, 8}}}) {
    EXPECT_THROW(Resizer({16, 16}, {20, 10}, Interpolation::kBilinear, window), ShapeError);
  }
  try {
    Resizer({16, 16}, {20, 10}, Interpolation::kBilinear, {13, 0, {8, 8}});
  } catch (const ShapeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("8x8 pixels at (13, 0)"));
    EXPECT_THAT(error.what(), HasSubstr("20x10"));
  }
}

// A cubic of three cells to one has rows whose first weight is zero, and is left out, before rows where it is
// not.
TEST(Resizer, RowRangesOfABicubicAddUpToTheWhole) {
  const auto image = tests::noise(10, 9, 3, 2);
  const Size to{30, 27};
  const auto whole = resized(view(image), to, Interpolation::kBicubic);
  const Resizer resizer({10, 9}, to, Interpolation::kBicubic);
  for (int begin = 0; begin < to.height; ++begin) {
    auto pieces = whole;
    std::fill(pieces.begin() + begin * 3 * to.width, pieces.end(), std::uint8_t{0});
    resizer.resize_rows(view(image), begin, to.height, pieces);
    EXPECT_TRUE(pieces == whole) << "from row " << begin;
  }
}

TEST(Resizer, EqualSizesCopy) {
  const auto image = tests::noise(33, 17, 3, 3);
  EXPECT_EQ(resized(view(image), {33, 17}), image.bytes);
}

TEST(Resizer, NetworkRowsAreNormalisedPlanesWithZeroPadding) {
  const auto image = tests::noise(40, 30, 3, 8);
  const Size target{45, 28};
  const auto bytes = resized(view(image), target);
  for (const bool rgb : {false, true}) {
    const Normalization normalization{{103.53F, 116.28F, 123.675F}, {57.375F, 57.12F, 58.395F}, rgb};
    Tensor input({"image", {1, 3, 32, 64}});
    const auto planes = input.values<float>();
    std::ranges::fill(planes, -1.F);
    const Resizer resizer({40, 30}, target);
    for (int begin = 0; begin < 32; begin += 5) {
      resizer.network_rows(view(image), normalization, begin, std::min(32, begin + 5), input);
    }
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t y = 0; y < 32; ++y) {
        for (std::size_t x = 0; x < 64; ++x) {
          float expected = 0;
          if (y < 28 && x < 45) {
            expected =
                (static_cast<float>(bytes[(y * 45 + x) * 3 + (rgb ? 2 - c : c)]) - normalization.mean[c]) /
                normalization.deviation[c];
          }
          ASSERT_EQ(planes[(c * 32 + y) * 64 + x], expected)
              << c << " " << y << " " << x << (rgb ? " rgb" : " bgr");
        }
      }
    }
  }
}

// What an input in f32 gets, as bf16 or in steps, pixel by pixel.
TEST(Resizer, NetworkRowsForNarrowProductsAreTheSameValuesChannelsLast) {
  const auto image = tests::noise(40, 30, 3, 8);
  const Normalization normalization{{103.53F, 116.28F, 123.675F}, {57.375F, 57.12F, 58.395F}, true};
  const Resizer resizer({40, 30}, {45, 28});
  const Shape shape{1, 3, 32, 64};
  Tensor exact({"image", shape});
  resizer.network_rows(view(image), normalization, 0, 32, exact);
  for (const auto& [dtype, step] :
       {std::pair{DType::kBf16, 1.F}, {DType::kS8, 0.02F}, {DType::kS8, 0.01F}, {DType::kU8, 0.01F}}) {
    Tensor input({"image", shape, dtype, Layout::kNhwc, step});
    for (std::size_t i = 0; i < 3 * 32 * 64; ++i) tests::set_element(input, i, 1.F);
    for (int begin = 0; begin < 32; begin += 5) {
      resizer.network_rows(view(image), normalization, begin, std::min(32, begin + 5), input);
    }
    const auto values = tests::elements(exact);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto channel = i / (32 * 64), pixel = i % (32 * 64);
      ASSERT_NEAR(tests::element(input, 3 * pixel + channel), tests::held(values[i], dtype, step), 1e-6F)
          << to_string(dtype) << " " << i;
    }
  }
}

TEST(Resizer, WritesNothingOutsideItsRows) {
  const auto image = tests::noise(16, 16, 3, 8);
  Tensor narrow({"image", {1, 3, 32, 32}, DType::kU8, Layout::kNhwc});
  std::ranges::fill(narrow.values<std::uint8_t>(), 7);
  Resizer({16, 16}, {20, 20}).network_rows(view(image), {}, 18, 22, narrow);
  const auto pixels = narrow.values<std::uint8_t>();
  EXPECT_THAT(pixels.first(18 * 32 * 3), Each(7));
  EXPECT_THAT(pixels.subspan(20 * 32 * 3, 2 * 32 * 3), Each(0));
  EXPECT_THAT(pixels.subspan(22 * 32 * 3), Each(7));
  Tensor input({"image", {1, 3, 32, 32}});
  std::ranges::fill(input.values<float>(), -1.F);
  Resizer({16, 16}, {20, 20}).network_rows(view(image), {}, 18, 22, input);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto plane = input.values<float>().subspan(c * 32 * 32, 32 * 32);
    EXPECT_THAT(plane.first(18 * 32), Each(-1.F));
    EXPECT_THAT(plane.subspan(22 * 32), Each(-1.F));
    EXPECT_THAT(plane.subspan(20 * 32, 2 * 32), Each(0.F));
  }
}

TEST(Resizer, RefusesAnImageOfAnotherSizeAndTooLittleRoom) {
  const auto image = tests::noise(16, 16, 3, 8);
  std::vector<std::uint8_t> output(20 * 20 * 3);
  try {
    Resizer({16, 15}, {20, 20}).resize_rows(view(image), 0, 20, output);
    FAIL() << "a picture of another size was accepted";
  } catch (const ShapeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("16x15"));
    EXPECT_THAT(error.what(), HasSubstr("16x16"));
  }
  output.pop_back();
  EXPECT_THROW(Resizer({16, 16}, {20, 20}).resize_rows(view(image), 0, 20, output), ShapeError);
  EXPECT_THROW(Resizer({16, 16}, {20, 20}).resize_rows(view(image), 0, 21, output), ShapeError);
  EXPECT_THROW(Resizer({0, 16}, {20, 20}), ShapeError);
  Tensor input({"image", {1, 3, 32, 32}});
  EXPECT_THROW(Resizer({16, 16}, {40, 20}).network_rows(view(image), {}, 0, 1, input), ShapeError);
  EXPECT_THROW(Resizer({16, 16}, {20, 20}).network_rows(view(image), {}, 0, 33, input), ShapeError);
  for (const auto& spec : {TensorSpec{"image", {1, 4, 32, 32}}, TensorSpec{"image", {3, 32, 32}},
                           TensorSpec{"image", {1, 3, 32, 32}, DType::kF32, Layout::kNhwc},
                           TensorSpec{"image", {1, 3, 32, 32}, DType::kBf16},
                           TensorSpec{"image", {1, 3, 32, 32}, DType::kS32, Layout::kNhwc}}) {
    Tensor other(spec);
    EXPECT_THROW(Resizer({16, 16}, {20, 20}).network_rows(view(image), {}, 0, 1, other), ShapeError);
  }
}

TEST(ShortestEdgeSize, EqualsDetectron2) {
  EXPECT_EQ(shortest_edge_size({640, 480}, 800, 1333), (Size{1067, 800}));
  const auto file = tests::golden_file("resize.npz");
  RCNN_SKIP_WITHOUT(file);
  const tests::Npz golden(file);
  const auto rows = golden.s64("shortest_edge_800_1333");
  for (std::size_t i = 0; i < rows.size(); i += 4) {
    const Size expected{static_cast<int>(rows[i + 3]), static_cast<int>(rows[i + 2])};
    EXPECT_EQ(shortest_edge_size({static_cast<int>(rows[i + 1]), static_cast<int>(rows[i])}, 800, 1333),
              expected)
        << rows[i] << "x" << rows[i + 1];
  }
}

TEST(ShortestEdgeSize, KeepsAPixelOfANeedle) {
  EXPECT_EQ(shortest_edge_size({5000, 1}, 800, 1333), (Size{1333, 1}));
}

TEST(PaddedSize, IsTheNextMultiple) {
  EXPECT_EQ(padded_size({800, 1067}, 32), (Size{800, 1088}));
  EXPECT_EQ(padded_size({1, 33}, 32), (Size{32, 64}));
  EXPECT_THROW(padded_size({1, 1}, 0), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
