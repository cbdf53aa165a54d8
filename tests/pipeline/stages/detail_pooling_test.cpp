// SPDX-License-Identifier: MIT
#include "pipeline/stages/detail_pooling.hpp"

#include <gmock/gmock.h>

#include <utility>

#include "engine/rcnn/roi_align.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

class DetailPoolingTest : public PipelineTest {};

TEST_F(DetailPoolingTest, PoolsEachBoxFromTheSameFeatures) {
  load(cores(1), {.masks = true});
  const auto made = frame_before(StageId::kProposals);
  std::vector<engine::Detection> detections(3);
  detections[0] = {{10, 12, 90, 70}, 0.9f, 2, 0, {}};
  detections[1] = {{0, 0, 160, 128}, 0.8f, 0, 1, {}};
  detections[2] = {{100.5f, 20, 101, 127}, 0.7f, 1, 2, {}};
  const auto inputs = pool_for_details(*session_, *made->backbone, detections);
  ASSERT_EQ(inputs->size(), 2U);
  EXPECT_EQ(inputs->at(0).shape(), (engine::Shape{20, 16, 6, 6}));
  EXPECT_EQ(inputs->at(0).spec().layout, engine::Layout::kNhwc);

  std::vector<engine::FeatureView> levels;
  for (std::size_t level = 0; level < 4; ++level) {
    levels.push_back(engine::feature_view(std::as_const(*made->backbone).at(level)));
  }
  engine::RoiPoolerParams params;
  params.output_size = 6;
  const std::vector<engine::Box> boxes{detections[0].box, detections[1].box, detections[2].box};
  std::vector<float> expected(boxes.size() * 36 * 16);
  engine::roi_align(levels, boxes, engine::pooling_order(boxes, params), params, expected);
  const auto pooled = inputs->at(0).values<float>().first(expected.size());
  EXPECT_TRUE(std::equal(pooled.begin(), pooled.end(), expected.begin()));

  const auto classes = inputs->at(1).values<float>();
  EXPECT_THAT(std::vector<float>(classes.begin(), classes.begin() + 3), ::testing::ElementsAre(2, 0, 1));
  for (const float label : classes.subspan(3)) EXPECT_EQ(label, 0) << "every row of a bucket has a class";
}

TEST_F(DetailPoolingTest, WithoutDetectionsThereIsNothingToRead) {
  load(cores(1), {.masks = true});
  const auto made = frame_before(StageId::kProposals);
  EXPECT_EQ(pool_for_details(*session_, *made->backbone, {}), nullptr);
}

}  // namespace
}  // namespace rcnn::pipeline
