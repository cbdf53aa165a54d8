// SPDX-License-Identifier: MIT
#include "engine/rcnn/proposals.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <utility>

#include "engine/errors.hpp"
#include "tests/engine/rcnn/reference/golden_frames.hpp"
#include "tests/engine/rcnn/reference/nms.hpp"
#include "tests/engine/rcnn/reference/proposals.hpp"
#include "tests/engine/rcnn/reference/random_boxes.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

/// A level whose anchors stand still: deltas of zero.
struct StillLevel {
  std::vector<Box> anchors;
  std::vector<float> logits;
  std::vector<float> deltas = std::vector<float>(4 * anchors.size(), 0.F);
  RpnLevel view() const { return {anchors, logits, deltas}; }
};

void expect_same_proposals(const std::vector<Proposal>& found, const std::vector<Proposal>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].logit, expected[i].logit) << i;
    // The last bit of exp() scales with the side of the box (see box_deltas_test).
    EXPECT_NEAR(found[i].box.x0, expected[i].box.x0, 2e-4) << i;
    EXPECT_NEAR(found[i].box.y0, expected[i].box.y0, 2e-4) << i;
    EXPECT_NEAR(found[i].box.x1, expected[i].box.x1, 2e-4) << i;
    EXPECT_NEAR(found[i].box.y1, expected[i].box.y1, 2e-4) << i;
  }
}

void expect_golden(const std::string& name, float side) {
  const auto file = tests::golden_file(name);
  RCNN_SKIP_WITHOUT(file);
  const tests::Npz golden(file);
  const tests::GoldenRpn rpn(golden);
  expect_same_proposals(find_top_proposals(rpn.levels(), {}, side, side), tests::golden_proposals(golden));
}

TEST(FindTopProposals, EqualsDetectron2At320) {
  expect_golden("stages_faster_rcnn_R_50_FPN_3x_320.npz", 320);
}

TEST(FindTopProposals, EqualsDetectron2At256) { expect_golden("stages_mask_rcnn_R_50_FPN_3x_256.npz", 256); }

TEST(FindTopProposals, EqualsDetectron2At800) {
  expect_golden("proposals_faster_rcnn_R_101_FPN_3x_800.npz", 800);
}

/// A level as a network may make it: clumps of overlapping anchors, also without sides, logits with ties,
/// deltas that move them across the border and, where `broken`, values that are not finite.
StillLevel random_level(std::size_t count, unsigned seed, bool broken) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  StillLevel level{tests::clumped_boxes(count, seed),
                   tests::tied_scores(count, seed + 1, count > 500 ? 3000 : 20)};
  std::mt19937 random(seed + 2);
  std::normal_distribution<float> normal(0.F, 0.2F);
  for (auto& delta : level.deltas) delta = normal(random);
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 19 == 3) level.anchors[i].x1 = level.anchors[i].x0;
    if (i % 23 == 4) std::swap(level.anchors[i].y0, level.anchors[i].y1);
    if (i % 29 == 5) level.anchors[i] = level.anchors[i - 1];
    if (!broken) continue;
    if (i % 41 == 8) {  // Grows to all of f32's range: from -infinity to infinity
      level.anchors[i].x0 = -1e37F;
      level.anchors[i].x1 = 1e37F;
      level.deltas[4 * i + 2] = 50;
    }
    if (i % 31 == 6) level.logits[i] = std::array{kNan, kInf, -kInf}[random() % 3];
    if (i % 37 == 7) level.deltas[4 * i + random() % 4] = std::array{kNan, kInf, -kInf, 3e38F}[random() % 4];
  }
  return level;
}

// Exactly, ties and all: both decode in f32 in the same order.
TEST(FindTopProposals, EqualsTheSlowTwin) {
  const std::vector<std::vector<std::size_t>> sizes{
      {}, {0}, {1}, {13, 0, 1}, {127, 60, 9}, {700, 13}, {3000, 1200, 300, 75, 12}};
  std::size_t found_in_all = 0;
  for (const auto& counts : sizes) {
    for (const bool broken : {false, true}) {
      std::vector<StillLevel> levels;
      for (const auto count : counts) {
        levels.push_back(random_level(count, static_cast<unsigned>(31 * count + levels.size()), broken));
      }
      std::vector<RpnLevel> views;
      for (const auto& level : levels) views.push_back(level.view());
      for (const int pre : {0, 5, 100, 1000}) {
        for (const int post : {0, 7, 1000}) {
          for (const float side : {0.F, 12.F}) {
            for (const double threshold : {0.3, 0.7}) {
              const ProposalParams params{
                  pre, post, static_cast<float>(threshold), side,
                  pre == 100 ? BoxDeltaWeights{2, 3, 0.5F, 1} : BoxDeltaWeights{1, 1, 1, 1}};
              const auto found = find_top_proposals(views, params, 640, 333);
              ASSERT_EQ(found, tests::slow_proposals(views, params, threshold, 640, 333))
                  << counts.size() << " levels, " << pre << " to " << post << ", sides over " << side
                  << ", threshold " << threshold << (broken ? ", broken" : "");
              found_in_all += found.size();
            }
          }
        }
      }
    }
  }
  EXPECT_GT(found_in_all, 5000U);
}

TEST(FindTopProposals, SuppressesWithinALevelOnly) {
  const StillLevel level{{{0, 0, 10, 10}, {0, 0, 10, 9.9F}}, {1.F, 2.F}};
  const std::vector<RpnLevel> levels{level.view(), level.view()};
  const auto found = find_top_proposals(levels, {}, 100, 100);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], (Proposal{{0, 0, 10, 9.9F}, 2.F}));
  EXPECT_EQ(found[1], found[0]);
}

TEST(LevelProposals, ClipsToTheImageAndDropsWhatIsLeftWithoutASide) {
  const StillLevel level{{{-5, -5, 20, 20}, {100, 0, 130, 20}, {90, 40, 130, 60}}, {1.F, 2.F, 3.F}};
  const auto found = level_proposals(level.view(), {}, 100, 50);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].box, (Box{90, 40, 100, 50}));
  EXPECT_EQ(found[1].box, (Box{0, 0, 20, 20}));
}

TEST(LevelProposals, MinBoxSizeIsStrict) {
  const StillLevel level{{{0, 0, 4, 4}, {20, 20, 24.5F, 24.5F}}, {1.F, 2.F}};
  EXPECT_EQ(level_proposals(level.view(), {.min_box_size = 4.F}, 100, 100).size(), 1U);
}

// As in Detectron2: what is not finite is dropped after the best were chosen, so it takes a place with it.
TEST(LevelProposals, NonFiniteRegionsTakeAPlaceAndAreDropped) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  StillLevel level{{{0, 0, 4, 4}, {20, 20, 30, 30}, {40, 40, 50, 50}, {60, 60, 70, 70}},
                   {9.F, kNan, 8.F, 7.F}};
  level.deltas[0] = std::numeric_limits<float>::infinity();
  const auto found = level_proposals(level.view(), {.pre_nms_topk = 3}, 100, 100);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].logit, 8.F);
}

TEST(LevelProposals, ComeBestFirstAndOverlapNoMoreThanAllowed) {
  const auto boxes = tests::clumped_boxes(1500, 11);
  const StillLevel level{boxes, tests::tied_scores(1500, 12, 5000)};
  const auto found = level_proposals(level.view(), {}, 900, 900);
  ASSERT_GT(found.size(), 100U);
  for (std::size_t i = 1; i < found.size(); ++i) {
    EXPECT_GE(found[i - 1].logit, found[i].logit);
    for (std::size_t j = 0; j < i; ++j) EXPECT_LE(tests::iou(found[j].box, found[i].box), 0.7F);
  }
}

TEST(MergeProposals, KeepsTheBestAndLevelOrderAmongEquals) {
  const std::vector<std::vector<Proposal>> levels{{{{0, 0, 1, 1}, 5.F}, {{0, 0, 2, 2}, 1.F}},
                                                  {{{0, 0, 3, 3}, 5.F}, {{0, 0, 4, 4}, 2.F}}};
  const auto merged = merge_proposals(levels, {.post_nms_topk = 3});
  ASSERT_EQ(merged.size(), 3U);
  EXPECT_EQ(merged[0].box.x1, 1.F);
  EXPECT_EQ(merged[1].box.x1, 3.F);
  EXPECT_EQ(merged[2].box.x1, 4.F);
}

TEST(FindTopProposals, NothingInGivesNothingOut) {
  EXPECT_TRUE(find_top_proposals({}, {}, 800, 800).empty());
  EXPECT_TRUE(level_proposals({}, {}, 800, 800).empty());
}

TEST(LevelProposals, RefusesDeltasOfAnotherCount) {
  StillLevel level{{{0, 0, 4, 4}}, {1.F}};
  level.deltas.pop_back();
  try {
    level_proposals(level.view(), {}, 100, 100);
    FAIL() << "three deltas for one anchor were accepted";
  } catch (const ShapeError& error) {
    EXPECT_NE(std::string(error.what()).find("3 deltas"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace rcnn::engine
