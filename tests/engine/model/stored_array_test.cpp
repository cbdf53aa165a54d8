// SPDX-License-Identifier: MIT
#include "engine/model/stored_array.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

using Kind = ElementType::Kind;

StoredArray packed(ElementType type, const Shape& shape) {
  return {type, false, shape, packed_strides(shape), 0};
}

template <typename T>
std::span<const std::byte> bytes(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

/// IEEE 754's definition, by the book.
float half_by_definition(std::uint16_t half) {
  const int exponent = half >> 10 & 0x1F;
  const int mantissa = half & 0x3FF;
  const float sign = (half & 0x8000) != 0 ? -1.F : 1.F;
  if (exponent == 31) return mantissa == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
}

TEST(StoredArray, EveryHalfIsWhatIeeeSays) {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t k = 0; k < halves.size(); ++k) halves[k] = static_cast<std::uint16_t>(k);
  const auto values = to_f32(packed({Kind::kFloat, 2}, {65536}), bytes(halves));
  for (std::size_t k = 0; k < halves.size(); ++k) {
    const float expected = half_by_definition(halves[k]);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(values[k])) << k;
    } else {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(values[k]), std::bit_cast<std::uint32_t>(expected)) << k;
    }
  }
}

TEST(StoredArray, BrainFloatIsTheUpperHalfOfAFloat) {
  const std::vector<std::uint16_t> stored{0x3F80, 0xC020, 0x0001, 0xFF80};
  const auto values = to_f32(packed({Kind::kBrainFloat, 2}, {4}), bytes(stored));
  EXPECT_EQ(values[0], 1.F);
  EXPECT_EQ(values[1], -2.5F);
  EXPECT_EQ(values[2], std::bit_cast<float>(0x00010000U));
  EXPECT_EQ(values[3], -INFINITY);
}

TEST(StoredArray, IntegersKeepTheirSigns) {
  const std::vector<std::uint8_t> stored{0, 1, 127, 128, 255};
  EXPECT_EQ(to_f32(packed({Kind::kSigned, 1}, {5}), bytes(stored)),
            (std::vector<float>{0, 1, 127, -128, -1}));
  EXPECT_EQ(to_f32(packed({Kind::kUnsigned, 1}, {5}), bytes(stored)),
            (std::vector<float>{0, 1, 127, 128, 255}));
  EXPECT_EQ(to_f32(packed({Kind::kBool, 1}, {5}), bytes(stored)), (std::vector<float>{0, 1, 1, 1, 1}));
  const std::vector<std::int64_t> wide{-5, std::int64_t{1} << 40};
  EXPECT_EQ(to_f32(packed({Kind::kSigned, 8}, {2}), bytes(wide)), (std::vector<float>{-5, 0x1p40F}));
}

TEST(StoredArray, SwappedBytesAreSwappedBack) {
  auto array = packed({Kind::kFloat, 4}, {1});
  array.swapped = true;
  const auto swapped = std::bit_cast<std::uint32_t>(1.5F);
  const std::vector<std::uint8_t> reversed{
      static_cast<std::uint8_t>(swapped >> 24), static_cast<std::uint8_t>(swapped >> 16 & 0xFF),
      static_cast<std::uint8_t>(swapped >> 8 & 0xFF), static_cast<std::uint8_t>(swapped & 0xFF)};
  std::vector<std::uint8_t> stored = reversed;
  if (std::endian::native == std::endian::big) std::reverse(stored.begin(), stored.end());
  EXPECT_EQ(to_f32(array, bytes(stored)), std::vector<float>{1.5F});
}

// The slow twin computes each element's place from its index alone.
TEST(StoredArray, StridesReachTheElementsTheyName) {
  std::mt19937 random(7);
  std::vector<float> storage(5000);
  for (std::size_t k = 0; k < storage.size(); ++k) storage[k] = static_cast<float>(k);
  for (int round = 0; round < 200; ++round) {
    StoredArray array;
    const auto axes = random() % 4;
    for (std::size_t axis = 0; axis < axes; ++axis) {
      array.shape.push_back(static_cast<std::int64_t>(1 + random() % 7));
      array.strides.push_back(static_cast<std::int64_t>(random() % 150));
    }
    array.offset = static_cast<std::int64_t>(random() % 100);
    const auto values = to_f32(array, bytes(storage));
    ASSERT_EQ(static_cast<std::int64_t>(values.size()), element_count(array.shape));
    for (std::size_t k = 0; k < values.size(); ++k) {
      auto rest = static_cast<std::int64_t>(k);
      auto place = array.offset;
      for (auto axis = axes; axis-- > 0;) {
        place += rest % array.shape[axis] * array.strides[axis];
        rest /= array.shape[axis];
      }
      EXPECT_EQ(values[k], static_cast<float>(place));
    }
  }
}

TEST(StoredArray, RefusesToReadBeyondItsBytes) {
  const std::vector<float> storage(6);
  auto array = packed({Kind::kFloat, 4}, {2, 3});
  EXPECT_NO_THROW(to_f32(array, bytes(storage)));
  array.offset = 1;
  EXPECT_THROW(to_f32(array, bytes(storage)), ModelError);
  array.offset = 0;
  array.strides = {4, 1};
  EXPECT_THROW(to_f32(array, bytes(storage)), ModelError);
}

TEST(StoredArray, ImpossibleExtentsHaveNoCountAndNoReach) {
  const std::int64_t huge = std::int64_t{1} << 62;
  EXPECT_EQ(checked_count({huge, 4}), std::nullopt);
  EXPECT_EQ(checked_count({1 << 20, 1 << 20, 2}), std::nullopt);
  EXPECT_EQ(checked_count({-1}), std::nullopt);
  EXPECT_EQ(checked_count({3, 0, 5}), 0U);
  EXPECT_EQ(checked_count({}), 1U);
  EXPECT_EQ(reach({{}, false, {3}, {huge}, 0}), std::nullopt);
  EXPECT_EQ(reach({{}, false, {3}, {-1}, 2}), std::nullopt);
  EXPECT_EQ(reach({{}, false, {3}, {1}, -1}), std::nullopt);
  EXPECT_EQ(reach({{}, false, {3}, {1}, huge}), std::nullopt);
  EXPECT_EQ(reach({{}, false, {3}, {2}, 4}), 9U);
}

}  // namespace
}  // namespace rcnn::engine
