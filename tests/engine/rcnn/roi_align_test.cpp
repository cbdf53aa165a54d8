// SPDX-License-Identifier: MIT
#include "engine/rcnn/roi_align.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "engine/errors.hpp"
#include "tests/engine/rcnn/reference/golden_frames.hpp"
#include "tests/engine/rcnn/reference/roi_align.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using tests::PlainMap;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr std::array<Layout, 4> kLayouts{Layout::kRowMajor, Layout::kNhwc, Layout::kBlocked8,
                                         Layout::kBlocked16};

RoiPoolerParams one_level(int output_size, int sampling_ratio, int stride = 4) {
  RoiPoolerParams params;
  params.output_size = output_size;
  params.sampling_ratio = sampling_ratio;
  params.strides = {stride};
  return params;
}

std::vector<float> pool(const Tensor& map, std::span<const Box> boxes, const RoiPoolerParams& params) {
  const std::vector<FeatureView> levels{feature_view(map)};
  const auto row = static_cast<std::size_t>(params.output_size * params.output_size * levels[0].channels);
  std::vector<float> pooled(boxes.size() * row, kNan);
  roi_align(levels, boxes, pooling_order(boxes, params), params, pooled);
  return pooled;
}

/// What the definition makes of maps, and how large what it sums is: the same of the maps' absolute values.
struct Expected {
  std::vector<float> values;
  std::vector<float> sizes;

  void add(const PlainMap& map, const Box& box, int stride, const RoiPoolerParams& params) {
    auto absolute = map;
    for (auto& value : absolute.values) value = std::abs(value);
    for (const auto& [from, to] : {std::pair{&map, &values}, {&absolute, &sizes}}) {
      const auto one = tests::slow_roi_align(*from, box, stride, params);
      to->insert(to->end(), one.begin(), one.end());
    }
  }
};

/// Sums of the same products in another order, so within 2e-6 of the size of what is summed (measured: 6e-7),
/// however little is left of it; where nothing is summed, exactly.
void expect_close(std::span<const float> found, std::span<const float> expected, std::span<const float> sizes,
                  const std::string& what) {
  ASSERT_EQ(found.size(), expected.size());
  ASSERT_EQ(found.size(), sizes.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!(std::abs(found[i] - expected[i]) <= 2e-6F * sizes[i])) ++wrong;
  }
  EXPECT_EQ(wrong, 0U) << what << ": of " << found.size() << " values";
}

// Bilinear sampling reproduces a ramp exactly, so each bin equals the ramp at the bin's own centre. Without
// the half-cell offset every value is 5.5 too large.
TEST(RoiAlign, ReadsALinearRampAtBinCentres) {
  PlainMap ramp{1, 8, 8, {}};
  for (int i = 0; i < 64; ++i) ramp.values.push_back(static_cast<float>(10 * (i / 8) + i % 8));
  const std::vector<Box> box{{4, 2, 12, 10}};  // Cells x 1.5..5.5, y 0.5..4.5
  EXPECT_THAT(pool(to_layout(ramp, Layout::kRowMajor), box, one_level(2, 1, 2)),
              ElementsAre(17.5F, 19.5F, 37.5F, 39.5F));
}

TEST(RoiAlign, EqualsTheSlowTwinInEveryLayout) {
  const std::vector<Box> boxes{{0, 0, 124, 100},       {10, 20, 60, 90},     {-30, -10, 20, 40},
                               {100, 80, 200, 160},    {5, 5, 5, 5},         {7.3F, 8.9F, 8, 9},
                               {0, 50, 124, 50.5F},    {300, 300, 400, 400}, {-4, -4, -2, 90},
                               {-900, 3, 1300, 70},    {60, 33, 20, 12},     {2, 2, 4.01F, 3.99F},
                               {-700, -900, 900, 1200}};
  for (const int channels : {1, 3, 5, 8, 13, 16, 20, 127}) {
    const auto map = tests::random_map(channels, 25, 31, 5);
    for (const auto& params : {one_level(7, 0), one_level(7, 2), one_level(3, 40)}) {
      Expected expected;
      for (const auto& box : boxes) expected.add(map, box, 4, params);
      for (const auto layout : kLayouts) {
        expect_close(pool(to_layout(map, layout), boxes, params), expected.values, expected.sizes,
                     to_string(layout) + ", " + std::to_string(channels) + " channels, sampling " +
                         std::to_string(params.sampling_ratio));
      }
    }
  }
}

TEST(RoiAlign, EqualsTorchvision) {
  const auto file = tests::golden_file("roi_align.npz");
  RCNN_SKIP_WITHOUT(file);
  const tests::Npz golden(file);
  const auto values = golden.f32("map_nchw");
  const PlainMap map{16, 25, 31, {values.begin(), values.end()}};
  const auto boxes = tests::to_boxes(golden.f32("boxes_xyxy"));
  const auto check = [&](const std::string& name, RoiPoolerParams params) {
    params.aligned = !name.starts_with("un");
    const auto expected = golden.f32(name);  // [K, C, S, S]
    const auto bins = static_cast<std::size_t>(params.output_size * params.output_size);
    std::vector<float> channels_last(expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto region = i / (16 * bins);
      channels_last[(region * bins + i % bins) * 16 + i / bins % 16] = expected[i];
    }
    Expected slow;
    for (const auto& box : boxes) slow.add(map, box, 4, params);
    for (const auto layout : kLayouts)
      expect_close(pool(to_layout(map, layout), boxes, params), channels_last, slow.sizes, name);
  };
  check("aligned_7_sampling_0", one_level(7, 0));
  check("aligned_7_sampling_2", one_level(7, 2));
  check("aligned_14_sampling_0", one_level(14, 0));
  check("aligned_14_sampling_2", one_level(14, 2));
  check("unaligned_7_sampling_0", one_level(7, 0));
}

TEST(RoiAlign, PoolsEachRegionFromItsLevelAsDetectron2Does) {
  const auto file = tests::golden_file("stages_faster_rcnn_R_50_FPN_3x_320.npz");
  RCNN_SKIP_WITHOUT(file);
  const tests::Npz golden(file);
  std::vector<PlainMap> plain;
  std::vector<Tensor> maps;
  std::vector<FeatureView> levels;
  for (const std::string name : {"p2", "p3", "p4", "p5"}) {
    const auto& shape = golden.shape("feature_" + name);
    const auto values = golden.f32("feature_" + name);
    plain.push_back(
        {256, static_cast<int>(shape[2]), static_cast<int>(shape[3]), {values.begin(), values.end()}});
    maps.push_back(to_layout(plain.back(), Layout::kBlocked8));
    levels.push_back(feature_view(maps.back()));
  }
  const auto boxes = tests::to_boxes(golden.f32("proposals_xyxy"));
  std::vector<float> pooled(boxes.size() * 49 * 256, kNan);
  const auto order = pooling_order(boxes, {});
  for (std::size_t begin = 0; begin < order.size(); begin += 130) {
    const auto piece = std::span(order).subspan(begin, std::min<std::size_t>(130, order.size() - begin));
    roi_align(levels, boxes, piece, {}, pooled);
  }
  const auto expected = golden.f32("pooled_first_16");  // [16, 256, 7, 7]
  std::vector<float> first(expected.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    first[(i / (256 * 49) * 49 + i % 49) * 256 + i / 49 % 256] = expected[i];
  }
  Expected slow;
  for (std::size_t i = 0; i < 16; ++i) {
    const auto level = static_cast<std::size_t>(assign_level(boxes[i], {}));
    slow.add(plain[level], boxes[i], 4 << level, {});
  }
  expect_close(std::span(pooled).first(first.size()), first, slow.sizes, "first 16 regions");
  for (const auto value : pooled) ASSERT_TRUE(std::isfinite(value));
}

TEST(RoiAlign, WritesTheRowsOfItsRegionsAndNothingElse) {
  const auto map = to_layout(tests::random_map(5, 9, 9, 1), Layout::kBlocked8);
  const std::vector<FeatureView> levels{feature_view(map)};
  const std::vector<Box> boxes(5, Box{3, 3, 20, 20});
  const std::size_t row = 4 * 5;
  std::vector<float> pooled(5 * row, -77.F);
  const std::vector<std::uint32_t> order{2, 1};
  roi_align(levels, boxes, order, one_level(2, 0), pooled);
  EXPECT_THAT(std::span(pooled).first(row), Each(-77.F));
  EXPECT_THAT(std::span(pooled).subspan(3 * row), Each(-77.F));
  EXPECT_NE(pooled[row], -77.F);
  EXPECT_NE(pooled[3 * row - 1], -77.F);
}

// What a broken network may hand over: neither a crash, nor a read outside the map, nor a minute of samples.
TEST(RoiAlign, RegionsWithoutSamplesPoolToZero) {
  const auto map = to_layout(tests::random_map(16, 9, 9, 1), Layout::kBlocked16);
  const std::vector<Box> boxes{
      {kNan, 0, 9, 9},      {0, kNan, 9, 9},       {0, 0, kInf, 9},     {-kInf, 0, 9, 9}, {0, 0, 9, kNan},
      {3e38F, 0, 3e38F, 9}, {-3e38F, 0, 3e38F, 9}, {0, -1e9F, 9, 1e9F}, {9, 9, 3, 3},     {4, 4, 4, 4}};
  EXPECT_THAT(pool(map, boxes, one_level(7, 0)), Each(0.F));
}

TEST(RoiAlign, ALongRegionCostsWhatTheMapHoldsOfIt) {
  const auto map = to_layout(tests::random_map(16, 9, 9, 1), Layout::kBlocked16);
  const std::vector<Box> boxes(1000, Box{-2e6F, -2e6F, 2e6F, 2e6F});  // 143,000 x 143,000 samples a bin
  const auto pooled = pool(map, boxes, one_level(7, 0));
  const auto middle = std::span(pooled).subspan(24 * 16, 16);
  for (const auto value : middle) EXPECT_NE(value, 0.F);
}

TEST(RoiAlign, RefusesRoomForFewerRegions) {
  const auto map = to_layout(tests::random_map(4, 9, 9, 1), Layout::kNhwc);
  const std::vector<FeatureView> levels{feature_view(map)};
  const std::vector<Box> boxes(3);
  std::vector<float> pooled(2 * 4 * 4);
  try {
    roi_align(levels, boxes, std::vector<std::uint32_t>{0, 2}, one_level(2, 0), pooled);
    FAIL() << "three regions were pooled into room for two";
  } catch (const ShapeError& error) {
    EXPECT_NE(std::string(error.what()).find("48 are needed"), std::string::npos) << error.what();
  }
}

TEST(RoiAlign, RefusesLevelsThatDoNotMatch) {
  const auto four = to_layout(tests::random_map(4, 9, 9, 1), Layout::kNhwc);
  const auto five = to_layout(tests::random_map(5, 9, 9, 1), Layout::kNhwc);
  std::vector<float> pooled(1000);
  auto params = one_level(2, 0);
  const std::vector<FeatureView> levels{feature_view(four), feature_view(five)};
  EXPECT_THROW(roi_align(levels, {}, {}, params, pooled), ShapeError);  // One stride for two levels
  params.strides = {4, 8};
  EXPECT_THROW(roi_align(levels, {}, {}, params, pooled), ShapeError);  // Four channels and five
}

TEST(PoolingOrder, PutsNeighboursOfALevelTogetherAndNamesEachRegionOnce) {
  const std::vector<Box> boxes{{500, 500, 520, 520},  // p2, far down
                               {0, 0, 500, 500},      // p5
                               {90, 3, 110, 20},      // p2, the first band, to the right
                               {kNan, 0, 9, 9},       // Anywhere
                               {10, 9, 30, 30},       // p2, the first band
                               {10, 9, 30, 30}};
  const auto order = pooling_order(boxes, {});
  EXPECT_THAT(order, ::testing::UnorderedElementsAre(0, 1, 2, 3, 4, 5));
  const auto place = [&](std::uint32_t index) { return std::ranges::find(order, index) - order.begin(); };
  EXPECT_LT(place(4), place(2));
  EXPECT_EQ(place(5), place(4) + 1);
  EXPECT_LT(place(2), place(0));
  EXPECT_LT(place(0), place(1));
}

TEST(PoolingOrder, PutsLongRegionsOfTheSameColumnsOrRowsTogether) {
  const std::vector<Box> boxes{{50, 0, 60, 400},    {700, 10, 710, 390}, {0, 50, 400, 60},
                               {10, 700, 390, 710}, {51, 500, 61, 800},  {500, 51, 800, 61},
                               {300, 50, 330, 60}};
  EXPECT_THAT(pooling_order(boxes, {}), ElementsAre(0, 4, 1, 2, 5, 3, 6));
}

TEST(AssignLevel, EqualsDetectron2) {
  const auto file = tests::golden_file("roi_align.npz");
  RCNN_SKIP_WITHOUT(file);
  const tests::Npz golden(file);
  const auto boxes = tests::to_boxes(golden.f32("level_boxes"));
  const auto expected = golden.s64("level_of_p2_to_p5");
  for (std::size_t i = 0; i < boxes.size(); ++i) EXPECT_EQ(assign_level(boxes[i], {}), expected[i]) << i;
}

TEST(AssignLevel, PutsWhatHasNoSizeOnTheFinestLevel) {
  EXPECT_EQ(assign_level({0, 0, kNan, 4}, {}), 0);
  EXPECT_EQ(assign_level({9, 0, 3, 4}, {}), 0);
  EXPECT_EQ(assign_level({0, 0, 3e38F, 3e38F}, {}), 3);
  EXPECT_EQ(assign_level({0, 0, 224, 224}, {}), 2);
}

}  // namespace
}  // namespace rcnn::engine
