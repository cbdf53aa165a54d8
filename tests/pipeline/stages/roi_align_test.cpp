// SPDX-License-Identifier: MIT
#include "engine/rcnn/roi_align.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "engine/errors.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

using ::testing::HasSubstr;

class RoiAlignTest : public PipelineTest {};

TEST_F(RoiAlignTest, PiecesPoolWhatOneCallPoolsAndTheFeaturesGo) {
  load(cores(1));
  const auto made = frame_before(StageId::kRoiAlign);
  const std::weak_ptr<TensorSet> watched = made->backbone;
  std::vector<engine::FeatureView> levels;
  for (std::size_t i = 0; i < 4; ++i) levels.push_back(engine::feature_view(made->backbone->at(i)));
  std::vector<engine::Box> boxes;
  for (const auto& proposal : made->proposals) boxes.push_back(proposal.box);
  ASSERT_GT(boxes.size(), 32U) << "one piece only: nothing would be tested";
  const auto per_region = static_cast<std::size_t>(7 * 7 * levels[0].channels);
  std::vector<float> expected(boxes.size() * per_region);
  engine::roi_align(levels, boxes, 0, boxes.size(), session_->pooler_params(), expected);

  run_roi_align(*made);

  EXPECT_TRUE(watched.expired());
  const auto pooled = made->pooled->at(0).values<float>().first(expected.size());
  EXPECT_TRUE(std::ranges::equal(pooled, expected));
}

TEST_F(RoiAlignTest, WithoutProposalsThereIsNothingToPool) {
  load(cores(1));
  const auto made = frame_before(StageId::kRoiAlign);
  made->proposals.clear();
  run_roi_align(*made);
  EXPECT_EQ(made->backbone, nullptr);
  EXPECT_EQ(made->pooled, nullptr);
}

TEST_F(RoiAlignTest, AFrameWithoutFeaturesIsRefused) {
  load(cores(1));
  const auto made = frame();
  for (const auto stage : {StageId::kPreprocess, StageId::kBackboneRpn, StageId::kProposals})
    made->claim(stage);
  EXPECT_THAT(refusal_of([&] { run_roi_align(*made); }), HasSubstr("without features"));
}

}  // namespace
}  // namespace rcnn::pipeline
