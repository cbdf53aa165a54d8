// SPDX-License-Identifier: MIT
#include "engine/rcnn/nms.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "engine/errors.hpp"
#include "tests/engine/rcnn/reference/golden_frames.hpp"
#include "tests/engine/rcnn/reference/nms.hpp"
#include "tests/engine/rcnn/reference/random_boxes.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

using ::testing::ElementsAre;

TEST(Nms, ThresholdIsStrict) {
  const std::vector<Box> half{{0, 0, 2, 2}, {0, 0, 2, 1}};  // IoU 1/2 exactly
  const std::vector<float> scores{0.9F, 0.8F};
  EXPECT_THAT(nms(half, scores, 0.5F), ElementsAre(0, 1));
  EXPECT_THAT(nms(half, scores, 0.49F), ElementsAre(0));
}

// 3/10 in f32 is a little over the double 0.3 that a config means, and torchvision compares in double.
TEST(Nms, ThresholdMeansTheDecimalNumberThatWasWritten) {
  const std::vector<Box> boxes{{0, 0, 10, 1}, {0, 0, 3, 1}};
  const std::vector<float> scores{0.9F, 0.8F};
  EXPECT_THAT(nms(boxes, scores, 0.3F), ElementsAre(0));
  const std::vector<Box> seven{{0, 0, 10, 1}, {0, 0, 7, 1}};  // 7/10 in f32 is a little under 0.7
  EXPECT_THAT(nms(seven, scores, 0.7F), ElementsAre(0, 1));
}

TEST(Nms, EqualScoresKeepTheLowerIndex) {
  const std::vector<Box> same{{0, 0, 4, 4}, {0, 0, 4, 4}, {9, 9, 12, 12}};
  const std::vector<float> scores{0.5F, 0.5F, 0.5F};
  EXPECT_THAT(nms(same, scores, 0.5F), ElementsAre(0, 2));
}

TEST(Nms, EmptyBoxesSuppressNothing) {
  const std::vector<Box> points{{5, 5, 5, 5}, {5, 5, 5, 5}};
  const std::vector<float> scores{0.5F, 0.4F};
  EXPECT_THAT(nms(points, scores, 0.F), ElementsAre(0, 1));  // 0 / 0 is over no threshold
}

TEST(Nms, SurvivesNonFiniteBoxesAndScores) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const std::vector<Box> boxes{{0, 0, 4, 4}, {kNan, 0, 4, 4}, {0, 0, kInf, kInf}, {0, 0, 4, 4}};
  const std::vector<float> scores{0.5F, 0.4F, kNan, kInf};
  EXPECT_THAT(nms(boxes, scores, 0.5F), ElementsAre(2, 3, 1));
}

TEST(Nms, EqualsTheSlowTwin) {
  for (const std::size_t count : {0U, 1U, 13U, 127U, 1000U}) {
    const auto boxes = tests::clumped_boxes(count, 3);
    const auto scores = tests::tied_scores(count, 4);
    const std::vector<int> one_class(count, 0);
    for (const float threshold : {0.F, 0.3F, 0.5F, 0.7F, 1.F}) {
      EXPECT_EQ(nms(boxes, scores, threshold), tests::slow_nms(boxes, scores, one_class, threshold))
          << count << " boxes, threshold " << threshold;
    }
  }
}

TEST(Nms, LimitGivesTheBeginningOfTheWhole) {
  const auto boxes = tests::clumped_boxes(300, 3);
  const auto scores = tests::tied_scores(300, 4);
  const auto all = nms(boxes, scores, 0.5F);
  ASSERT_GT(all.size(), 20U);
  EXPECT_EQ(nms(boxes, scores, 0.5F, 20), std::vector<int>(all.begin(), all.begin() + 20));
  EXPECT_TRUE(nms(boxes, scores, 0.5F, 0).empty());
}

TEST(Nms, RefusesScoresOfAnotherCount) {
  const std::vector<Box> boxes(3);
  const std::vector<float> scores(2);
  EXPECT_THROW(nms(boxes, scores, 0.5F), ShapeError);
  const std::vector<int> classes(2);
  EXPECT_THROW(batched_nms(boxes, std::vector<float>(3), classes, 0.5F), ShapeError);
}

// On either side of a thousand, where the way changes.
TEST(BatchedNms, EqualsTheSlowTwin) {
  for (const std::size_t count : {0U, 1U, 13U, 300U, 1000U, 1001U}) {
    const auto boxes = tests::clumped_boxes(count, 5);
    const auto scores = tests::tied_scores(count, 6);
    for (const int class_count : {1, 3, 80}) {
      const auto classes = tests::random_classes(count, 7, class_count);
      for (const double threshold : {0.3, 0.5, 0.7}) {
        EXPECT_EQ(batched_nms(boxes, scores, classes, static_cast<float>(threshold)),
                  tests::slow_batched_nms(boxes, scores, classes, threshold))
            << count << " boxes of " << class_count << " classes, threshold " << threshold;
      }
    }
  }
}

// Shifting by class * 17 leaves a side of 5e-7 with no bits, so the two boxes, IoU 1, become empty and both
// live; exactly per class the second one dies.
TEST(BatchedNms, UpToAThousandBoxesRoundsAsTheShiftDoes) {
  std::vector<Box> boxes{{0, 0, 5e-7F, 5e-7F}, {0, 0, 5e-7F, 5e-7F}, {15, 15, 16, 16}};
  std::vector<float> scores{0.9F, 0.8F, 0.7F};
  std::vector<int> classes{1, 1, 0};
  EXPECT_THAT(batched_nms(boxes, scores, classes, 0.5F), ElementsAre(0, 1, 2));
  for (int i = 0; i < 998; ++i) {
    const auto x = static_cast<float>(20 + 2 * i);
    boxes.push_back({x, 0, x + 1, 1});
    scores.push_back(0.1F);
    classes.push_back(2);
  }
  const auto kept = batched_nms(boxes, scores, classes, 0.5F);
  EXPECT_EQ(kept.size(), 1000U);
  EXPECT_EQ(kept[1], 2);
}

TEST(BatchedNms, EqualsTorchvision) {
  const auto file = tests::golden_file("boxes.npz");
  RCNN_SKIP_WITHOUT(file);
  const tests::Npz golden(file);
  const auto boxes = tests::to_boxes(golden.f32("nms_boxes"));
  const auto wide = golden.s64("nms_classes");
  const std::vector<int> classes(wide.begin(), wide.end());
  for (const auto& [name, threshold] :
       {std::pair{"nms_keep_0.3", 0.3F}, {"nms_keep_0.5", 0.5F}, {"nms_keep_0.7", 0.7F}}) {
    const auto expected = golden.s64(name);
    EXPECT_EQ(batched_nms(boxes, golden.f32("nms_scores"), classes, threshold),
              std::vector<int>(expected.begin(), expected.end()))
        << name;
  }
}

}  // namespace
}  // namespace rcnn::engine
