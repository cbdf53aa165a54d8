// SPDX-License-Identifier: MIT
#include "engine/rcnn/box_deltas.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "tests/engine/rcnn/reference/box_deltas.hpp"
#include "tests/engine/rcnn/reference/golden_frames.hpp"
#include "tests/engine/rcnn/reference/random_boxes.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

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

/// Boxes as they are, without sides, turned inside out and not finite.
std::vector<Box> any_boxes(std::size_t count, unsigned seed) {
  auto boxes = tests::clumped_boxes(count, seed);
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 11 == 3) boxes[i].x1 = boxes[i].x0;
    if (i % 13 == 4) boxes[i].y1 = boxes[i].y0;
    if (i % 17 == 5) std::swap(boxes[i].x0, boxes[i].x1);
    if (i % 61 == 6) boxes[i].y0 = kNan;
    if (i % 67 == 7) boxes[i].x1 = kInf;
  }
  return boxes;
}

TEST(ApplyDeltas, EqualsTheSlowTwin) {
  const std::array<float, 7> extremes{0.F, kInf, -kInf, kNan, 1e30F, -1e30F, 50.F};
  for (const std::size_t count : {1U, 13U, 127U, 3000U}) {
    const auto anchors = any_boxes(count, static_cast<unsigned>(count));
    std::mt19937 random(static_cast<unsigned>(count) + 1);
    std::normal_distribution<float> normal(0.F, 2.F);
    for (const auto& weights : {BoxDeltaWeights{1, 1, 1, 1}, {10, 10, 5, 5}, {3, 7, 0.5F, 2}}) {
      for (std::size_t i = 0; i < count; ++i) {
        std::array<float, 4> deltas{};
        for (auto& delta : deltas) {
          delta = random() % 8 == 0 ? extremes[random() % extremes.size()] : normal(random);
        }
        const auto box = apply_deltas(anchors[i], deltas, weights);
        const std::array<float, 4> found{box.x0, box.y0, box.x1, box.y1};
        const auto exact = tests::slow_decode<double>(anchors[i], deltas, weights);
        const auto same_bits = tests::slow_decode<float>(anchors[i], deltas, weights);
        for (std::size_t side = 0; side < 4; ++side) {
          const auto what = ::testing::Message() << count << " boxes, " << i << ", corner " << side;
          ASSERT_EQ(std::isnan(found[side]), std::isnan(exact[side])) << what;
          if (std::isnan(exact[side])) continue;
          ASSERT_EQ(found[side], same_bits[side]) << what;
          if (!std::isfinite(exact[side])) {
            ASSERT_EQ(found[side], exact[side]) << what;
            continue;
          }
          // A few f32 roundings of what was added up, which the corners of one axis bound.
          const auto& anchor = anchors[i];
          const bool across = side % 2 == 0;
          const double size = std::max({std::abs(exact[side]), std::abs(exact[(side + 2) % 4]),
                                        std::abs(double{across ? anchor.x0 : anchor.y0}),
                                        std::abs(double{across ? anchor.x1 : anchor.y1})});
          ASSERT_NEAR(found[side], exact[side], 1e-6 * size) << what;
        }
      }
    }
  }
}

TEST(ApplyDeltas, GivesBackWhatWasEncoded) {
  const auto boxes = tests::clumped_boxes(500, 8);
  const BoxDeltaWeights weights{10, 10, 5, 5};
  for (std::size_t i = 1; i < boxes.size(); ++i) {
    const auto& target = boxes[i];
    const auto& anchor = boxes[i - 1];
    if (target.width() > 60 * anchor.width() || target.height() > 60 * anchor.height()) continue;  // Clamped
    const auto box = apply_deltas(anchor, tests::slow_encode(anchor, target, weights), weights);
    EXPECT_NEAR(box.x0, target.x0, 1e-3) << i;
    EXPECT_NEAR(box.y0, target.y0, 1e-3) << i;
    EXPECT_NEAR(box.x1, target.x1, 1e-3) << i;
    EXPECT_NEAR(box.y1, target.y1, 1e-3) << i;
  }
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

TEST(Clip, EqualsTheSlowTwin) {
  const std::array<float, 4> still{};
  for (const auto& box : any_boxes(3000, 9)) {
    Box expected;
    if (!tests::slow_clipped(box, still, {1, 1, 1, 1}, 640, 333, expected)) continue;
    EXPECT_EQ(clip(apply_deltas(box, still, {1, 1, 1, 1}), 640, 333), expected);
  }
}

}  // namespace
}  // namespace rcnn::engine
