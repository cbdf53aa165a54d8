// SPDX-License-Identifier: MIT
#include "engine/rcnn/detections.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/errors.hpp"
#include "tests/engine/rcnn/reference/detections.hpp"
#include "tests/engine/rcnn/reference/golden_frames.hpp"
#include "tests/engine/rcnn/reference/separated_heads.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

struct Heads {
  std::vector<float> logits;  // Two classes and background
  std::vector<float> deltas = std::vector<float>(logits.size() / 3 * 8, 0.F);
  std::vector<Proposal> proposals;
  DetectionParams params{.class_count = 2};
  std::vector<Detection> find() const { return find_detections(logits, deltas, proposals, params, 100, 80); }
};

void expect_recorded(const std::vector<Detection>& found, const nlohmann::json& expected) {
  const auto& boxes = expected["boxes_xyxy"];
  ASSERT_EQ(found.size(), boxes.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].label, expected["classes"][i].get<int>()) << i;
    EXPECT_NEAR(found[i].score, expected["scores"][i].get<float>(), 2e-6) << i;  // Recorded with 6 digits
    EXPECT_NEAR(found[i].box.x0, boxes[i][0].get<float>(), 1.2e-3) << i;         // Recorded with 3 digits
    EXPECT_NEAR(found[i].box.y0, boxes[i][1].get<float>(), 1.2e-3) << i;
    EXPECT_NEAR(found[i].box.x1, boxes[i][2].get<float>(), 1.2e-3) << i;
    EXPECT_NEAR(found[i].box.y1, boxes[i][3].get<float>(), 1.2e-3) << i;
  }
}

void expect_golden(const std::string& name, float side) {
  const auto file = tests::golden_file(name + ".npz");
  RCNN_SKIP_WITHOUT(file);
  const tests::Npz golden(file);
  const auto recorded = nlohmann::json::parse(std::ifstream(tests::golden_file(name + ".json")));
  auto found = find_detections(golden.f32("class_logits"), golden.f32("box_deltas"),
                               tests::golden_proposals(golden), {}, side, side);
  expect_recorded(found, recorded["network_frame"]);
  const auto hw = golden.s64("output_size_hw");
  const auto height = static_cast<float>(hw[0]);
  const auto width = static_cast<float>(hw[1]);
  expect_recorded(scale_detections(found, width / side, height / side, width, height),
                  recorded["image_frame"]);
}

TEST(FindDetections, EqualsDetectron2At320) { expect_golden("stages_faster_rcnn_R_50_FPN_3x_320", 320); }

TEST(FindDetections, EqualsDetectron2At256) { expect_golden("stages_mask_rcnn_R_50_FPN_3x_256", 256); }

TEST(FindDetections, EqualsTheSlowTwin) {
  std::size_t most_candidates = 0;
  for (const std::size_t regions : {0U, 1U, 13U, 127U, 500U, 1500U}) {
    for (const int classes : {1, 3, 80}) {
      for (const bool agnostic : {false, true}) {
        const auto heads =
            tests::separated_heads(regions, classes, agnostic, static_cast<unsigned>(regions) + 3);
        for (const double threshold : {0.3, 0.5}) {
          for (const int most : {-1, 0, 7, 100}) {
            const DetectionParams params{classes, agnostic, 0.05F, static_cast<float>(threshold), most};
            const auto found = find_detections(heads.logits, heads.deltas, heads.proposals, params, 640, 333);
            const auto expected = tests::slow_detections(heads.logits, heads.deltas, heads.proposals, params,
                                                         threshold, 640, 333);
            const auto what = ::testing::Message() << regions << " regions, " << classes << " classes"
                                                   << (agnostic ? ", agnostic" : "") << ", threshold "
                                                   << threshold << ", at most " << most;
            ASSERT_EQ(found.size(), expected.size()) << what;
            for (std::size_t i = 0; i < found.size(); ++i) {
              ASSERT_EQ(found[i].region, expected[i].region) << what << ", " << i;
              ASSERT_EQ(found[i].label, expected[i].label) << what << ", " << i;
              ASSERT_EQ(found[i].box, expected[i].box) << what << ", " << i;
              // Some f32 roundings of the logits' differences, of exp() and of a sum of 81
              ASSERT_NEAR(found[i].score, expected[i].score, 3e-6 * expected[i].score) << what << ", " << i;
            }
            most_candidates = std::max(most_candidates, found.size());
          }
        }
      }
    }
  }
  EXPECT_GT(most_candidates, 300U);
}

TEST(FindDetections, TakesTheSoftmaxAndNamesRegionAndLabel) {
  const Heads heads{.logits = {0, 0, 0, std::log(3.F), 0, 0},
                    .proposals = {{{0, 0, 9, 9}, 1}, {{20, 20, 60, 60}, 1}}};
  const auto found = heads.find();
  ASSERT_EQ(found.size(), 4U);
  EXPECT_NEAR(found[0].score, 0.6F, 1e-6);
  EXPECT_EQ(found[0].label, 0);
  EXPECT_EQ(found[0].region, 1);
  EXPECT_EQ(found[0].box, (Box{20, 20, 60, 60}));
  EXPECT_NEAR(found[3].score, 0.2F, 1e-6);
  EXPECT_EQ(found[3].label, 1);
}

TEST(FindDetections, ScoreThresholdIsStrict) {
  Heads heads{.logits = {0, -kInf, 0}, .proposals = {{{0, 0, 9, 9}, 1}}};  // Exactly a half
  heads.params.score_threshold = 0.5F;
  EXPECT_TRUE(heads.find().empty());
  heads.params.score_threshold = 0.4999F;
  EXPECT_EQ(heads.find().size(), 1U);
}

TEST(FindDetections, SuppressesWithinAClassAndStopsAtTheMost) {
  Heads heads{.logits = {2, 1, 0, 1.9F, 0, 0, 3, 0, 0},
              .proposals = {{{0, 0, 10, 10}, 1}, {{0, 0, 10, 9}, 1}, {{50, 50, 60, 60}, 1}}};
  const auto all = heads.find();
  for (const auto& each : all)
    EXPECT_FALSE(each.label == 0 && each.region == 0);  // Region 1 scores higher there
  heads.params.max_detections = 2;
  const auto best = heads.find();
  EXPECT_EQ(best, std::vector<Detection>(all.begin(), all.begin() + 2));
}

TEST(FindDetections, ARegionWithAnythingNonFiniteIsDroppedWhole) {
  const auto broken_deltas = [](std::size_t at, float value) {
    Heads heads{.logits = {2, 1, 0}, .proposals = {{{0, 0, 10, 10}, 1}}};
    heads.deltas[at] = value;
    return heads.find().size();
  };
  EXPECT_EQ(broken_deltas(0, 0.F), 2U);
  EXPECT_EQ(broken_deltas(4, kNan), 0U);  // Class 1's box takes class 0's along
  EXPECT_EQ(broken_deltas(4, kInf), 0U);
  EXPECT_EQ(broken_deltas(4, 3e38F), 2U);  // 3e37 * 10 is still finite: clipped to the border
  EXPECT_EQ(broken_deltas(6, kInf), 2U);   // Clamped at log(1000 / 16)
  EXPECT_EQ(broken_deltas(6, -kInf), 2U);  // exp() gives a side of 0
  EXPECT_EQ(broken_deltas(6, kNan), 0U);
  Heads logits{.logits = {2, kNan, 0, 2, 1, 0}, .proposals = {{{0, 0, 10, 10}, 1}, {{30, 30, 40, 40}, 1}}};
  EXPECT_EQ(logits.find().size(), 2U);
}

TEST(FindDetections, ClassAgnosticDeltasServeEveryClass) {
  Heads heads{.logits = {1, 1, 0}, .deltas = {10, 0, 0, 0}, .proposals = {{{0, 0, 10, 10}, 1}}};
  heads.params.class_agnostic = true;
  const auto found = heads.find();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].box, (Box{10, 0, 20, 10}));
  EXPECT_EQ(found[1].box, found[0].box);
}

TEST(FindDetections, NoRegionsGiveNoDetections) { EXPECT_TRUE(Heads{}.find().empty()); }

TEST(FindDetections, RefusesDeltasOfAnotherClassCount) {
  Heads heads{.logits = {1, 1, 0}, .deltas = {0, 0, 0, 0}, .proposals = {{{0, 0, 10, 10}, 1}}};
  try {
    heads.find();
    FAIL() << "4 deltas for 2 classes were accepted";
  } catch (const ShapeError& error) {
    EXPECT_NE(std::string(error.what()).find("4 box deltas"), std::string::npos) << error.what();
  }
}

TEST(ScaleDetections, ScalesClipsAndDropsTheEmpty) {
  std::vector<Detection> found{{{10, 10, 50, 40}, 0.9F, 3, 7}, {{90, 0, 100, 10}, 0.8F, 1, 2}};
  const auto scaled = scale_detections(found, 2.F, 0.5F, 180.F, 15.F);
  ASSERT_EQ(scaled.size(), 1U);  // The second lies right of x = 180
  EXPECT_EQ(scaled[0], (Detection{{20, 5, 100, 15}, 0.9F, 3, 7}));
  EXPECT_EQ(found, (std::vector<Detection>{{{10, 10, 50, 40}, 0.9F, 3, 7}}));
}

}  // namespace
}  // namespace rcnn::engine
