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
  for (const char* partition : {"host", "backbone", "backbone+rpn-head", "fused", "rpn-levels+box-head"}) {
    load(cores(2), {.partition = partition, .masks = true});
    EXPECT_EQ(detections_of(5), expected) << partition;
  }
}

TEST_F(BackboneRpnTest, AnRpnHeadOfItsOwnReadsTheFeaturesThere) {
  for (const char* partition : {"backbone", "backbone+rpn-head"}) {
    load(cores(1), {.partition = partition});
    const auto made = frame_before(StageId::kProposals);
    EXPECT_EQ(made->backbone->size(), 5U);
    ASSERT_EQ(made->rpn.size(), 1U) << partition;
    EXPECT_EQ(made->rpn[0]->size(), 10U);
    run_proposals(*made);
    EXPECT_FALSE(made->proposals.empty());
    EXPECT_TRUE(made->rpn.empty()) << "given back";
  }
}

TEST_F(BackboneRpnTest, FailuresOfTheRpnHeadReachTheFrame) {
  load(cores(1, {{0, "fail", 4}}), {.partition = "backbone+rpn-head"});  // Two warm up, the backbone is third
  const auto made = frame_before(StageId::kBackboneRpn);
  EXPECT_THAT(refusal_of([&] { run_on_core(start_backbone, made); }), HasSubstr("injected"));
  EXPECT_NE(made->backbone, nullptr);
  EXPECT_TRUE(made->rpn.empty());
}

/// That ended well, on all cores.
std::uint64_t executions_of(const engine::CorePool& pool) {
  std::uint64_t count = 0;
  for (const auto& core : pool.status()) count += core.total.executions;
  return count;
}

TEST_F(BackboneRpnTest, LevelsOfTheRpnHeadRunSideBySide) {
  load(cores(2, {{0, "stuck", 5}}), {.partition = "rpn-levels+box-head"});
  // Seven programs have warmed up; after the backbone, core 0 is stuck with the first level that it gets
  const auto made = frame_before(StageId::kBackboneRpn);
  std::promise<std::exception_ptr> ended;
  const auto ticket =
      start_backbone(made, [&](std::exception_ptr error) { ended.set_value(std::move(error)); });
  auto future = ended.get_future();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (executions_of(*pool_) < 9 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_GE(executions_of(*pool_), 9U) << "no level ran beside the one that is stuck";
  EXPECT_EQ(future.wait_for(std::chrono::seconds(0)), std::future_status::timeout) << "it waits for all";
  ticket->cancel();
  EXPECT_THAT(text_of(future.get()), HasSubstr("cancelled"));
}

TEST_F(BackboneRpnTest, AFailureOfOneLevelReachesThisFrameOnlyAndOnce) {
  for (const int count : {1, 3}) {
    std::vector<engine::CoreSettings::Fault> faults;
    for (int id = 0; id < count; ++id) faults.push_back({id, "fail", 10});
    load(cores(count, faults), {.partition = "rpn-levels+box-head"});
    std::size_t failed = 0;
    for (int i = 0; i < 12; ++i) {
      const auto made = frame_before(StageId::kBackboneRpn, 3);
      const auto refusal = refusal_of([&] { run_on_core(start_backbone, made); });  // Twice told would throw
      if (refusal == "accepted") {
        run_proposals(*made);
        EXPECT_FALSE(made->proposals.empty());
        continue;
      }
      ++failed;
      EXPECT_THAT(refusal, HasSubstr("injected")) << "not that the others were cancelled";
      EXPECT_TRUE(made->rpn.empty());
    }
    EXPECT_GT(failed, 0U);
    EXPECT_LT(failed, 12U);
  }
}

TEST_F(BackboneRpnTest, CancellingReachesEveryLevelUnderWay) {
  load(cores(2, {{0, "stuck", 6}, {1, "stuck", 6}}), {.partition = "rpn-levels+box-head"});
  // Seven warm up; the backbone and two levels go well, then both cores are stuck, a level waits behind one
  const auto made = frame_before(StageId::kBackboneRpn);
  std::promise<std::exception_ptr> ended;
  const auto ticket =
      start_backbone(made, [&](std::exception_ptr error) { ended.set_value(std::move(error)); });
  auto future = ended.get_future();
  while (executions_of(*pool_) < 10) std::this_thread::yield();
  ticket->cancel();
  ASSERT_EQ(future.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_THAT(text_of(future.get()), HasSubstr("cancelled"));
  EXPECT_TRUE(made->rpn.empty());
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
    EXPECT_TRUE(made->rpn.empty());
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
