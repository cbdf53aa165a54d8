// SPDX-License-Identifier: MIT
#include "engine/rcnn/roi_align.hpp"

#include <gmock/gmock.h>

#include <cstring>

#include "engine/errors.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

using ::testing::HasSubstr;

class RoiAlignTest : public PipelineTest {};

// As many types as there are: features and regions are as narrow as what multiplies them.
TEST_F(RoiAlignTest, PiecesPoolWhatOneCallPoolsAndTheFeaturesGo) {
  for (const auto& options : std::vector<tests::TinyModelOptions>{
           {}, {.precision = "bf16"}, {.precision = "int8"}, {.precision = "int8", .in_bf16 = {"fc1"}}}) {
    SCOPED_TRACE(options.precision);
    load(cores(1), options);
    const auto made = frame_before(StageId::kRoiAlign);
    const std::weak_ptr<TensorSet> watched = made->backbone;
    std::vector<engine::FeatureView> levels;
    for (std::size_t i = 0; i < 4; ++i) levels.push_back(engine::feature_view(made->backbone->at(i)));
    std::vector<engine::Box> boxes;
    for (const auto& proposal : made->proposals) boxes.push_back(proposal.box);
    ASSERT_GT(boxes.size(), 32U) << "one piece only: nothing would be tested";
    engine::Tensor expected(session_->model().box_executable(1000)->inputs().at(0));
    const auto params = session_->pooler_params();
    engine::roi_align(levels, boxes, engine::pooling_order(boxes, params), params,
                      engine::PooledView(expected));

    run_roi_align(*made);

    EXPECT_TRUE(watched.expired());
    const auto& pooled = made->pooled->at(0);
    ASSERT_EQ(pooled.spec(), expected.spec());
    EXPECT_EQ(std::memcmp(pooled.data(), expected.data(), pooled.spec().bytes() / 1000 * boxes.size()), 0);
  }
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
