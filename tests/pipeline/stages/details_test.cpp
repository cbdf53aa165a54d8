// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <utility>
#include <vector>

#include "engine/rcnn/keypoints.hpp"
#include "engine/rcnn/mask_paste.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

class DetailsTest : public PipelineTest {};

TEST_F(DetailsTest, PutsEachMaskIntoTheVideoFrame) {
  load(cores(1), {.masks = true});
  const auto made = frame_before(StageId::kPostprocess);
  run_postprocess(*made, -1);
  EXPECT_EQ(made->backbone, nullptr) << "nothing reads features after this";
  run_on_core(start_detail_head, made);
  ASSERT_NE(made->detail_outputs, nullptr);
  const auto all = std::as_const(*made->detail_outputs).at(0).values<float>();
  const std::vector<float> probabilities(all.begin(), all.end());
  const std::weak_ptr<TensorSet> watched = made->detail_outputs;
  run_details(*made);
  EXPECT_TRUE(watched.expired());
  ASSERT_FALSE(made->detections.empty());
  for (std::size_t i = 0; i < made->detections.size(); ++i) {
    const auto& detection = made->detections[i];
    EXPECT_EQ(detection.mask,
              engine::paste_mask(std::span(probabilities).subspan(i * 144, 144), 12, detection.box, 127, 93))
        << i;
  }
}

TEST_F(DetailsTest, KeepsTheProbabilitiesWhereTheyAreWanted) {
  load(cores(1), {.masks = true});
  const auto made = frame_before(StageId::kPostprocess);
  made->keep_detail_outputs = true;
  run_postprocess(*made, -1);
  run_on_core(start_detail_head, made);
  const auto* outputs = made->detail_outputs.get();
  ASSERT_NE(outputs, nullptr);
  run_details(*made);
  EXPECT_FALSE(made->detections.at(0).mask.empty());
  EXPECT_EQ(made->detail_outputs.get(), outputs);
}

TEST_F(DetailsTest, FindsKeypointsInTheNetworksFrameAndScalesThem) {
  load(cores(1), {.keypoints = true});
  const auto made = frame_before(StageId::kPostprocess);
  run_postprocess(*made, -1);
  ASSERT_EQ(made->network_boxes.size(), made->detections.size());
  run_on_core(start_detail_head, made);
  ASSERT_NE(made->detail_outputs, nullptr);
  const auto all = std::as_const(*made->detail_outputs).at(0).values<float>();
  const std::vector<float> heatmaps(all.begin(), all.end());
  run_details(*made);
  ASSERT_FALSE(made->detections.empty());
  constexpr std::size_t kRow = 17 * 24 * 24;
  for (std::size_t i = 0; i < made->detections.size(); ++i) {
    const auto expected =
        engine::find_keypoints(std::span(heatmaps).subspan(i * kRow, kRow), 17, 24, made->network_boxes[i]);
    const auto& found = made->detections[i].keypoints;
    ASSERT_EQ(found.size(), 17U);
    for (std::size_t k = 0; k < found.size(); ++k) {
      EXPECT_FLOAT_EQ(found[k].x, expected[k].x * (127.f / 160.f));
      EXPECT_FLOAT_EQ(found[k].y, expected[k].y * (93.f / 128.f));
      EXPECT_EQ(found[k].score, expected[k].score);
    }
    EXPECT_TRUE(made->detections[i].mask.empty());
  }
}

}  // namespace
}  // namespace rcnn::pipeline
