// SPDX-License-Identifier: MIT
#include "engine/rcnn/box_deltas.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/engine/rcnn/reference/golden_frames.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(ApplyDeltas, ZeroDeltasGiveTheAnchorBack) {
  const std::array<float, 4> none{};
  EXPECT_EQ(apply_deltas({8, 16, 40, 24}, none, {1, 1, 1, 1}), (Box{8, 16, 40, 24}));
}

TEST(ApplyDeltas, MovesBySidesAndScalesExponentially) {
  const std::array<float, 4> deltas{10.F * 0.5F, 10.F * -1.F, 5.F * std::log(2.F), 5.F * std::log(0.5F)};
  const auto box = apply_deltas({0, 0, 32, 16}, deltas, {10, 10, 5, 5});
  EXPECT_NEAR(box.x0, 16 + 16 - 32, 1e-4);  // Centre 16 + half a width, twice as wide
  EXPECT_NEAR(box.x1, 16 + 16 + 32, 1e-4);
  EXPECT_NEAR(box.y0, 8 - 16 - 4, 1e-4);  // Centre 8 - one height, half as high
  EXPECT_NEAR(box.y1, 8 - 16 + 4, 1e-4);
}

TEST(ApplyDeltas, GrowthEndsAtTheClamp) {
  const std::array<float, 4> wild{0, 0, 1e30F, std::numeric_limits<float>::infinity()};
  const auto box = apply_deltas({0, 0, 16, 16}, wild, {1, 1, 1, 1});
  EXPECT_NEAR(box.width(), 1000, 1e-3);
  EXPECT_NEAR(box.height(), 1000, 1e-3);
}

TEST(ApplyDeltas, NanReachesTheBox) {
  const std::array<float, 4> broken{0, 0, kNan, 0};
  EXPECT_TRUE(std::isnan(apply_deltas({0, 0, 16, 16}, broken, {1, 1, 1, 1}).x0));
}

TEST(ApplyDeltas, EqualsDetectron2) {
  const auto file = tests::golden_file("boxes.npz");
  RCNN_SKIP_WITHOUT(file);
  const tests::Npz golden(file);
  const auto anchors = tests::to_boxes(golden.f32("anchors"));
  const auto deltas = golden.f32("deltas");
  const auto check = [&](const char* name, const BoxDeltaWeights& weights) {
    const auto expected = tests::to_boxes(golden.f32(name));
    for (std::size_t i = 0; i < anchors.size(); ++i) {
      const auto box = apply_deltas(anchors[i], deltas.subspan(4 * i).first<4>(), weights);
      // exp() of PyTorch's vector library and of the C library differ in the last bit; all else is the same
      // f32.
      const float tolerance = 3e-7F * std::max({1.F, expected[i].width(), expected[i].height(),
                                                std::abs(expected[i].x0), std::abs(expected[i].y1)});
      EXPECT_NEAR(box.x0, expected[i].x0, tolerance) << name << " " << i;
      EXPECT_NEAR(box.y0, expected[i].y0, tolerance) << name << " " << i;
      EXPECT_NEAR(box.x1, expected[i].x1, tolerance) << name << " " << i;
      EXPECT_NEAR(box.y1, expected[i].y1, tolerance) << name << " " << i;
    }
  };
  check("decoded_1111", {1, 1, 1, 1});
  check("decoded_10_10_5_5", {10, 10, 5, 5});
}

TEST(Clip, CutsEverySideAndKeepsNan) {
  EXPECT_EQ(clip({-3, -1, 900, 700}, 800, 600), (Box{0, 0, 800, 600}));
  EXPECT_EQ(clip({3, 1, 90, 70}, 800, 600), (Box{3, 1, 90, 70}));
  EXPECT_EQ(clip({900, 1, 950, 70}, 800, 600), (Box{800, 1, 800, 70}));
  EXPECT_TRUE(std::isnan(clip({kNan, 0, 1, 1}, 800, 600).x0));
}

}  // namespace
}  // namespace rcnn::engine
