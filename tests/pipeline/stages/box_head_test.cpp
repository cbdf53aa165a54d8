// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <algorithm>

#include "engine/errors.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

using ::testing::HasSubstr;

class BoxHeadTest : public PipelineTest {};

TEST_F(BoxHeadTest, ARegionsResultDoesNotDependOnHowManyThereAre) {
  load(cores(1));
  const auto many = frame_before(StageId::kBoxHead);
  const auto few = frame_before(StageId::kRoiAlign);
  const auto kept = std::min<std::size_t>(few->proposals.size(), 5);
  few->proposals.resize(kept);
  run_roi_align(*few);
  run_on_core(start_box_head, many);
  run_on_core(start_box_head, few);
  EXPECT_EQ(many->pooled, nullptr);
  for (std::size_t output = 0; output < 2; ++output) {
    const auto row = static_cast<std::size_t>(few->box_outputs->at(output).shape().at(1));
    EXPECT_TRUE(std::ranges::equal(few->box_outputs->at(output).values<float>().first(kept * row),
                                   many->box_outputs->at(output).values<float>().first(kept * row)));
  }
}

TEST_F(BoxHeadTest, WithoutProposalsTheProgramIsSkipped) {
  load(cores(1));
  const auto made = frame_before(StageId::kRoiAlign);
  made->proposals.clear();
  run_roi_align(*made);
  const auto before = pool_->status()[0].total.executions;
  bool done = false;
  EXPECT_EQ(start_box_head(made, [&](std::exception_ptr error) { done = error == nullptr; }), nullptr);
  EXPECT_TRUE(done);
  EXPECT_EQ(pool_->status()[0].total.executions, before);
  run_postprocess(*made, -1);
  EXPECT_TRUE(made->detections.empty());
}

TEST_F(BoxHeadTest, AFrameWithoutPooledRegionsIsRefused) {
  load(cores(1));
  const auto made = frame_before(StageId::kRoiAlign);
  made->claim(StageId::kRoiAlign);  // As after a pooling that failed.
  EXPECT_THAT(refusal_of([&] { run_on_core(start_box_head, made); }), HasSubstr("without pooled regions"));
}

}  // namespace
}  // namespace rcnn::pipeline
