// SPDX-License-Identifier: MIT
#include "engine/image/yuv_kernels.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "engine/image/row_kernels.hpp"
#include "tests/engine/image/reference/resize.hpp"
#include "tests/engine/image/reference/yuv.hpp"

namespace rcnn::engine {
namespace {

constexpr YuvEncoding kBt601{};
constexpr YuvEncoding kBt709{.kr = 0.2126, .kb = 0.0722};
constexpr YuvEncoding kBt2020{.kr = 0.2627, .kb = 0.0593};
constexpr YuvEncoding kJpeg{.full_range = true};

std::vector<std::uint8_t> scratch(std::size_t bytes, unsigned seed) {
  auto row = tests::noise(static_cast<int>(bytes), 1, 1, seed).bytes;
  row.resize(bytes + kRowSlack);
  return row;
}

class YuvKernels : public testing::TestWithParam<std::size_t> {};  // Width

TEST_P(YuvKernels, SplitReadsNoFurtherThanItsPairs) {
  const auto pairs = tests::noise(static_cast<int>(GetParam()), 1, 2, 1).bytes;
  std::vector<std::uint8_t> first(GetParam() + kRowSlack);
  auto second = first;
  split_pairs(pairs.data(), GetParam(), first.data(), second.data());
  for (std::size_t i = 0; i < GetParam(); ++i) {
    ASSERT_EQ(first[i], pairs[2 * i]) << i;
    ASSERT_EQ(second[i], pairs[2 * i + 1]) << i;
  }
}

TEST_P(YuvKernels, UpsamplingWeighsTheNeighbours) {
  const auto samples = scratch(GetParam() + 2, 2);
  const auto* from = samples.data() + 1;
  std::vector<std::uint8_t> target(2 * GetParam() + kRowSlack);
  for (const auto site : {ChromaSite::kNearest, ChromaSite::kCentred, ChromaSite::kCosited}) {
    upsample_chroma(from, GetParam(), site, target.data());
    for (std::size_t i = 0; i < GetParam(); ++i) {
      const int before = samples[i], own = samples[i + 1], behind = samples[i + 2];
      const int even = site == ChromaSite::kCentred ? (3 * own + before + 2) / 4 : own;
      const int odd = site == ChromaSite::kCentred   ? (3 * own + behind + 2) / 4
                      : site == ChromaSite::kCosited ? (own + behind + 1) / 2
                                                     : own;
      ASSERT_EQ(target[2 * i], even) << i;
      ASSERT_EQ(target[2 * i + 1], odd) << i;
    }
  }
}

TEST_P(YuvKernels, BlendingRounds) {
  const auto nearer = scratch(GetParam(), 3);
  const auto farther = scratch(GetParam(), 4);
  std::vector<std::uint8_t> target(GetParam() + kRowSlack);
  for (const int eighths : {5, 6, 7}) {
    blend_chroma(nearer.data(), farther.data(), eighths, GetParam(), target.data());
    for (std::size_t i = 0; i < GetParam(); ++i) {
      ASSERT_EQ(target[i], (eighths * nearer[i] + (8 - eighths) * farther[i] + 4) / 8) << i;
    }
  }
}

TEST_P(YuvKernels, PixelsAreTheSlowTwins) {
  const auto luma =
      tests::noise(static_cast<int>(GetParam()), 1, 1, 5).bytes;  // Exactly as long as its pixels
  const auto u = scratch(GetParam(), 6);
  const auto v = scratch(GetParam(), 7);
  std::vector<std::uint8_t> target(4 * GetParam() + kRowSlack);
  for (const auto& encoding : {kBt601, kBt709, kBt2020, kJpeg}) {
    yuv_to_bgrx(luma.data(), u.data(), v.data(), GetParam(), yuv_weights(encoding), target.data());
    for (std::size_t x = 0; x < GetParam(); ++x) {
      const auto expected = tests::slow_bgr(luma[x], u[x], v[x], encoding, false);
      for (std::size_t c = 0; c < 3; ++c) ASSERT_EQ(target[4 * x + c], expected[c]) << x << ", " << c;
      ASSERT_EQ(target[4 * x + 3], 0) << x;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AwkwardWidths, YuvKernels, testing::Values(1, 7, 13, 31, 64, 65, 127, 800));

TEST(YuvWeights, AreTheStandardsInTwoHundredFiftySixths) {
  const auto weights =
      yuv_weights(kBt601);  // R = 1.164 Y + 1.596 V, G = ... - 0.392 U - 0.813 V, B = ... + 2.017 U
  EXPECT_EQ(weights.luma, 298);
  EXPECT_EQ(weights.red, 409);
  EXPECT_EQ(weights.green_u, -100);
  EXPECT_EQ(weights.green_v, -208);
  EXPECT_EQ(weights.blue, 516);
}

// Every luma with every tenth chroma.
TEST(YuvToBgrx, StaysWithinSixLevelsOfTheStandards) {
  constexpr std::size_t kLevels = 256;
  std::vector<std::uint8_t> luma(kLevels), u(kLevels + kRowSlack), v(u), target(4 * kLevels + kRowSlack);
  for (std::size_t i = 0; i < kLevels; ++i) luma[i] = static_cast<std::uint8_t>(i);
  for (const auto& encoding : {kBt601, kBt709, kBt2020, kJpeg}) {
    const auto weights = yuv_weights(encoding);
    for (int chroma = 0; chroma < 26 * 26; ++chroma) {
      u.assign(u.size(), static_cast<std::uint8_t>(chroma / 26 * 10));
      v.assign(v.size(), static_cast<std::uint8_t>(chroma % 26 * 10));
      yuv_to_bgrx(luma.data(), u.data(), v.data(), kLevels, weights, target.data());
      for (std::size_t y = 0; y < kLevels; ++y) {
        const auto exact = tests::slow_bgr(luma[y], u[0], v[0], encoding, true);
        for (std::size_t c = 0; c < 3; ++c) {
          ASSERT_NEAR(target[4 * y + c], exact[c], 6) << y << ", " << int{u[0]} << ", " << int{v[0]};
        }
      }
    }
  }
}

}  // namespace
}  // namespace rcnn::engine
