// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <algorithm>
#include <utility>

#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

class DetailHeadTest : public PipelineTest {};

TEST_F(DetailHeadTest, ADetectionsMaskDoesNotDependOnHowManyThereAre) {
  load(cores(1), {.masks = true});
  const auto many = frame_before(StageId::kPostprocess);
  const auto few = frame_before(StageId::kPostprocess);
  run_postprocess(*many, -1);
  run_postprocess(*few, -1);
  ASSERT_GT(many->detections.size(), 5U);
  few->detections.resize(3);
  run_on_core(start_detail_head, many);
  run_on_core(start_detail_head, few);
  EXPECT_EQ(many->detail_inputs, nullptr);
  const auto values = [](const Frame& frame) {
    return std::as_const(*frame.detail_outputs).at(0).values<float>().first(3 * 12 * 12);
  };
  EXPECT_TRUE(std::ranges::equal(values(*few), values(*many)));
}

TEST_F(DetailHeadTest, IsSkippedWithoutDetectionsAndWithoutMasks) {
  const auto executions = [&] { return pool_->status()[0].total.executions; };
  for (const bool masks : {true, false}) {
    load(cores(1), {.masks = masks});
    const auto made = frame_before(StageId::kPostprocess);
    run_postprocess(*made, masks ? 1.f : -1.f);
    const auto before = executions();
    bool done = false;
    EXPECT_EQ(start_detail_head(made, [&](std::exception_ptr error) { done = error == nullptr; }), nullptr);
    EXPECT_TRUE(done);
    EXPECT_EQ(executions(), before);
    run_details(*made);
    EXPECT_EQ(made->detections.empty(), masks);
    for (const auto& detection : made->detections) EXPECT_TRUE(detection.mask.empty());
  }
}

}  // namespace
}  // namespace rcnn::pipeline
