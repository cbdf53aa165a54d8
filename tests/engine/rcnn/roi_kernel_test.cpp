// SPDX-License-Identifier: MIT
#include "engine/rcnn/roi_kernel.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "engine/errors.hpp"
#include "tests/engine/rcnn/reference/roi_align.hpp"
#include "tests/support/instruction_sets.hpp"

namespace rcnn::engine {
namespace {

constexpr int kBins = 7;

TappedRegion tap(TapTable& table, float width, float height, int cells) {
  const auto axis = [&](float side) {
    const float bin = side / kBins;
    return table.add({.start = 2.3F, .bin_size = bin, .samples = std::ceil(bin), .cells = cells}, kBins, 1.F);
  };
  const auto x = axis(width);
  return {x, axis(height), nullptr};
}

TEST(CheapestOrder, SharesTheCellsOfNarrowBins) {
  TapTable table;
  EXPECT_EQ(cheapest_order(tap(table, 2.F, 80.F, 200), kBins), SumOrder::kRowsFirst);
  EXPECT_EQ(cheapest_order(tap(table, 80.F, 2.F, 200), kBins), SumOrder::kColumnsFirst);
  EXPECT_EQ(cheapest_order(tap(table, 14.F, 14.F, 200), kBins), SumOrder::kBoth);
}

TEST(PoolRegions, EveryInstructionSetAndOrderSumsTheSame) {
  constexpr int kCells = 40;
  for (const int channels : {3, 20, 64, 136}) {
    const auto map = tests::random_map(channels, kCells, kCells, 6);
    for (const auto layout : {Layout::kBlocked8, Layout::kBlocked16, Layout::kNhwc, Layout::kRowMajor}) {
      const auto tensor = tests::to_layout(map, layout);
      const std::vector<FeatureView> levels{feature_view(tensor)};
      const std::vector<Box> boxes{{8, 8, 15, 150}, {8, 8, 150, 15}, {8, 8, 70, 60}, {-9, -9, 400, 300}};
      RoiPoolerParams params;
      params.strides = {4};
      std::vector<float> expected;
      for (const auto& box : boxes) {
        const auto one = tests::slow_roi_align(map, box, 4, params);
        expected.insert(expected.end(), one.begin(), one.end());
      }
      tests::with_each_instruction_set([&] {
        std::vector<float> pooled(expected.size(), std::numeric_limits<float>::quiet_NaN());
        roi_align(levels, boxes, pooling_order(boxes, params), params, pooled);
        for (std::size_t i = 0; i < pooled.size(); ++i) {
          ASSERT_NEAR(pooled[i], expected[i], 1e-5F) << to_string(layout) << " " << channels << " " << i;
        }
      });
    }
  }
}

struct Held {
  DType dtype;
  float step;
};

/// Of 2.5 deviations either way, or of positive values.
constexpr std::array<Held, 4> kHeld{
    {{DType::kF32, 1}, {DType::kBf16, 1}, {DType::kU8, 0.01F}, {DType::kS8, 0.02F}}};

// A sum in another order may lie on the other side of a tie.
void expect_rounded(const Tensor& pooled, std::span<const float> expected, const std::string& what) {
  const auto& spec = pooled.spec();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const float slack = 1e-5F * std::max(1.F, std::abs(expected[i])), found = tests::element(pooled, i);
    ASSERT_GE(found, tests::held(expected[i] - slack, spec.dtype, spec.step) - slack) << what << " " << i;
    ASSERT_LE(found, tests::held(expected[i] + slack, spec.dtype, spec.step) + slack) << what << " " << i;
  }
}

// Levels of one pooling may be held differently, and all may be read into all.
TEST(PoolRegions, EveryTypeIsReadAndWrittenAsTheDefinitionRounds) {
  constexpr int kCells = 24;
  const std::vector<Box> boxes{
      {8, 8, 15, 90}, {8, 8, 90, 15}, {8, 8, 70, 60}, {-9, -9, 400, 300}, {5, 5, 5, 9}};
  RoiPoolerParams params;
  params.strides = {4};
  for (const int channels : {3, 20, 128, 144, 256}) {  // 128 and 256 are whole groups of registers
    const auto map = tests::random_map(channels, kCells, kCells, 6);
    for (const auto& from : kHeld) {
      auto rounded = map;
      for (auto& value : rounded.values) value = tests::held(value, from.dtype, from.step);
      std::vector<float> expected;
      for (const auto& box : boxes) {
        const auto one = tests::slow_roi_align(rounded, box, 4, params);
        expected.insert(expected.end(), one.begin(), one.end());
      }
      for (const auto layout : {Layout::kBlocked16, Layout::kNhwc, Layout::kRowMajor}) {
        const auto tensor = tests::to_layout(map, layout, from.dtype, from.step);
        const std::vector<FeatureView> levels{feature_view(tensor)};
        for (const auto& to : kHeld) {
          const auto what = to_string(from.dtype) + " " + to_string(layout) + " to " + to_string(to.dtype);
          tests::with_each_instruction_set([&] {
            Tensor pooled({"pooled",
                           {static_cast<std::int64_t>(boxes.size()), 49, channels},
                           to.dtype,
                           Layout::kRowMajor,
                           to.step});
            std::memset(pooled.data(), 0x7b, pooled.spec().bytes());
            roi_align(levels, boxes, pooling_order(boxes, params), params, PooledView(pooled));
            expect_rounded(pooled, expected, what + ", " + std::to_string(channels) + " channels");
          });
        }
      }
    }
  }
}

/// A row of cells of 16 channels, pooled into one bin: their mean comes out as it is rounded.
template <typename Element>
std::vector<Element> rounded(const tests::PlainMap& map, DType from, DType to, float step) {
  const auto tensor = tests::to_layout(map, Layout::kNhwc, from);
  Tensor pooled({"pooled", {1, 1, 16}, to, Layout::kRowMajor, step});
  RoiPoolerParams params;
  params.strides = {1};
  params.output_size = 1;
  const std::vector<Box> box{{0, 0, static_cast<float>(map.width), 1}};
  roi_align(std::vector{feature_view(tensor)}, box, std::vector<std::uint32_t>{0}, params,
            PooledView(pooled));
  const auto elements = pooled.values<Element>();
  return {elements.begin(), elements.end()};
}

template <typename Element>
std::vector<Element> rounded(const std::vector<float>& values, DType dtype, float step) {
  return rounded<Element>(tests::PlainMap{16, 1, 1, values}, DType::kF32, dtype, step);
}

/// Of bf16: a channel's two cells are `mean` and as much below and above it as `apart` says.
template <typename Element>
std::vector<Element> rounded_means(const std::vector<float>& means, float apart, DType dtype) {
  tests::PlainMap map{16, 1, 2, {}};
  for (const float mean : means) map.values.insert(map.values.end(), {mean - apart, mean + apart});
  return rounded<Element>(map, DType::kBf16, dtype, 1);
}

TEST(PoolRegions, TiesGoToTheEvenNeighbourInBf16) {
  const std::vector<std::uint32_t> bits{
      0x3f800000, 0x3f808000, 0x3f818000, 0x3f808001, 0x3f817fff, 0xbf818000, 0x00000000, 0x00018000,
      0x00008000, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7f800001, 0xff812345, 0x7fffffff, 0x80018000};
  const std::vector<std::uint16_t> nearest{0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x3f81, 0xbf82, 0x0000, 0x0002,
                                           0x0000, 0x7f80, 0x7f80, 0xff80, 0x7fc0, 0xffc1, 0x7fff, 0x8002};
  std::vector<float> values;
  for (const auto pattern : bits) values.push_back(std::bit_cast<float>(pattern));
  tests::with_each_instruction_set(
      [&] { EXPECT_EQ(rounded<std::uint16_t>(values, DType::kBf16, 1), nearest); });
}

TEST(PoolRegions, EightBitsSaturateAndTiesGoToTheEvenNeighbour) {
  const std::vector<float> steps{0,      0.5F,    1.5F,   2.5F,     -0.5F,  -1.5F,  126.5F, 127.5F,
                                 128.5F, -127.5F, -128.F, -128.75F, 254.5F, 255.5F, 3e38F,  -3e38F};
  std::vector<float> values;
  for (const float value : steps) values.push_back(value * 0.25F);
  tests::with_each_instruction_set([&] {
    EXPECT_EQ(rounded<std::uint8_t>(values, DType::kU8, 0.25F),
              (std::vector<std::uint8_t>{0, 0, 2, 2, 0, 0, 126, 128, 128, 0, 0, 0, 254, 255, 255, 0}));
    EXPECT_EQ(
        rounded<std::int8_t>(values, DType::kS8, 0.25F),
        (std::vector<std::int8_t>{0, 0, 2, 2, 0, -2, 126, 127, 127, -128, -128, -128, 127, 127, 127, -128}));
  });
}

// Sums of bf16 lie apart, even channels and odd ones, until they are written.
TEST(PoolRegions, MeansOfBf16AreRoundedToTheEvenNeighbourToo) {
  constexpr float kUnit = 1.F / 128;  // Of bf16 in 1..2
  std::vector<float> ties, steps;
  std::vector<std::uint16_t> nearest;
  for (int i = 0; i < 16; ++i) {
    ties.push_back((i % 2 == 0 ? 1.F : -1.F) * (1 + (static_cast<float>(i) + 0.5F) * kUnit));
    nearest.push_back(static_cast<std::uint16_t>((i % 2 == 0 ? 0x3f80 : 0xbf80) + (i + 1) / 2 * 2));
    steps.push_back(static_cast<float>(i) * 25 - 199.5F);
  }
  tests::with_each_instruction_set([&] {
    EXPECT_EQ(rounded_means<std::uint16_t>(ties, kUnit / 2, DType::kBf16), nearest);
    EXPECT_EQ(rounded_means<std::int8_t>(steps, 0.5F, DType::kS8),
              (std::vector<std::int8_t>{-128, -128, -128, -124, -100, -74, -50, -24, 0, 26, 50, 76, 100, 126,
                                        127, 127}));
    EXPECT_EQ(rounded_means<std::uint8_t>(steps, 0.5F, DType::kU8),
              (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 26, 50, 76, 100, 126, 150, 176}));
    EXPECT_EQ(rounded_means<float>(steps, 0.5F, DType::kF32), steps);
  });
}

TEST(PooledView, RefusesOtherTypes) {
  Tensor half({"pooled", {1, 49, 16}, DType::kF16, Layout::kRowMajor});
  EXPECT_THROW(PooledView{half}, ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
