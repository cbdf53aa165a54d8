// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <cmath>

#include "engine/errors.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

using ::testing::HasSubstr;

class BackboneRpnTest : public PipelineTest {};

TEST_F(BackboneRpnTest, TurnsTheImageIntoTheProgramsOutputs) {
  load(cores(1));
  const auto made = frame_before(StageId::kProposals);
  EXPECT_EQ(made->image, nullptr);
  ASSERT_NE(made->backbone, nullptr);
  const auto& specs = made->geometry->image_program->outputs();
  ASSERT_EQ(made->backbone->size(), specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    EXPECT_EQ(made->backbone->at(i).spec(), specs[i]);
    for (const float value : made->backbone->at(i).values<float>()) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST_F(BackboneRpnTest, AFailingCoreReachesThisFrameOnly) {
  load(cores(1, {{0, "fail", 3}}));  // Two executions warm up.
  const auto first = frame_before(StageId::kBackboneRpn);
  EXPECT_THAT(refusal_of([&] { run_on_core(start_backbone, first); }), HasSubstr("injected"));
  EXPECT_EQ(first->backbone, nullptr);
  EXPECT_NO_THROW(frame_before(StageId::kProposals));
}

// Wherever a program runs and whatever it is fused with: the same operators on the same values.
TEST_F(BackboneRpnTest, EveryPartitionFindsTheSameToTheLastBit) {
  load(cores(2), {.masks = true});
  const auto expected = detections_of(5);
  ASSERT_FALSE(expected.empty());
  for (const char* partition : {"backbone", "backbone+rpn-head", "fused"}) {
    load(cores(2), {.partition = partition, .masks = true});
    EXPECT_EQ(detections_of(5), expected) << partition;
  }
}

TEST_F(BackboneRpnTest, AnRpnHeadOfItsOwnReadsTheFeaturesThere) {
  for (const char* partition : {"backbone", "backbone+rpn-head"}) {
    load(cores(1), {.partition = partition});
    const auto made = frame_before(StageId::kProposals);
    EXPECT_EQ(made->backbone->size(), 5U);
    ASSERT_NE(made->rpn, nullptr) << partition;
    EXPECT_EQ(made->rpn->size(), 10U);
    run_proposals(*made);
    EXPECT_FALSE(made->proposals.empty());
    EXPECT_EQ(made->rpn, nullptr) << "given back";
  }
}

TEST_F(BackboneRpnTest, FailuresOfTheRpnHeadReachTheFrame) {
  load(cores(1, {{0, "fail", 4}}), {.partition = "backbone+rpn-head"});  // Two warm up, the backbone is third
  const auto made = frame_before(StageId::kBackboneRpn);
  EXPECT_THAT(refusal_of([&] { run_on_core(start_backbone, made); }), HasSubstr("injected"));
  EXPECT_NE(made->backbone, nullptr);
  EXPECT_EQ(made->rpn, nullptr);
}

TEST_F(BackboneRpnTest, CancellingReachesWhicheverOfTheTwoIsUnderWay) {
  for (const int stuck : {3, 4}) {  // The backbone, the RPN head
    load(cores(1, {{0, "stuck", stuck}}), {.partition = "backbone+rpn-head"});
    const auto made = frame_before(StageId::kBackboneRpn);
    std::promise<std::exception_ptr> ended;
    const auto ticket =
        start_backbone(made, [&](std::exception_ptr error) { ended.set_value(std::move(error)); });
    auto future = ended.get_future();
    while (stuck == 4 && pool_->status()[0].total.executions < 3) std::this_thread::yield();
    ticket->cancel();
    ASSERT_EQ(future.wait_for(std::chrono::seconds(5)), std::future_status::ready) << stuck;
    EXPECT_THAT(text_of(future.get()), HasSubstr("cancelled"));
    EXPECT_EQ(made->rpn, nullptr);
  }
}

TEST_F(BackboneRpnTest, AFrameWithoutImageIsRefused) {
  load(cores(1));
  const auto made = frame();
  made->claim(StageId::kPreprocess);  // As after a preprocessing that failed.
  EXPECT_THAT(refusal_of([&] { run_on_core(start_backbone, made); }), HasSubstr("without image"));
}

}  // namespace
}  // namespace rcnn::pipeline
