// SPDX-License-Identifier: MIT
#include "pipeline/frame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "engine/errors.hpp"

namespace rcnn::pipeline {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(Frame& frame, StageId stage) {
  try {
    frame.claim(stage);
  } catch (const engine::Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(FrameClaim, AcceptsTheStagesInTheirOrder) {
  Frame frame;
  for (int stage = 0; stage < kStageCount; ++stage) {
    EXPECT_EQ(frame.claimed(), stage);
    frame.claim(static_cast<StageId>(stage));
  }
}

TEST(FrameClaim, RefusesTheSecondBranchOfATee) {
  Frame frame;
  frame.claim(StageId::kPreprocess);
  frame.claim(StageId::kBackboneRpn);
  EXPECT_THAT(refusal(frame, StageId::kBackboneRpn),
              AllOf(HasSubstr("'neuron-backbone-rpn'"), HasSubstr("tee")));
  EXPECT_EQ(frame.claimed(), 2) << "a refusal must leave the frame as it was";
}

TEST(FrameClaim, RefusesAGapNamingBothStages) {
  Frame frame;
  frame.claim(StageId::kPreprocess);
  EXPECT_THAT(refusal(frame, StageId::kRoiAlign),
              AllOf(HasSubstr("'roi-align'"), HasSubstr("'neuron-backbone-rpn'")));
}

TEST(FrameClaim, OfManyBranchesExactlyOneWins) {
  for (int round = 0; round < 200; ++round) {
    Frame frame;
    std::atomic<int> winners{0};
    std::vector<std::thread> branches;
    for (int i = 0; i < 4; ++i) {
      branches.emplace_back([&] { winners += refusal(frame, StageId::kPreprocess) == "accepted" ? 1 : 0; });
    }
    for (auto& branch : branches) branch.join();
    ASSERT_EQ(winners.load(), 1);
  }
}

TEST(FramePool, HasJustItsSlotsAndNumbersFrames) {
  FramePool pool(2);
  const auto first = pool.try_acquire();
  auto second = pool.try_acquire();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->number, 0U);
  EXPECT_EQ(second->number, 1U);
  EXPECT_EQ(pool.try_acquire(), nullptr);
  EXPECT_EQ(pool.in_flight(), 2);
  second.reset();  // A frame that dies gives its slot back.
  EXPECT_EQ(pool.in_flight(), 1);
  EXPECT_NE(pool.try_acquire(), nullptr);
}

TEST(FramePool, ASlotIsGivenBackOnce) {
  FramePool pool(2);
  auto frame = pool.try_acquire();
  frame->release_slot();
  frame->release_slot();
  EXPECT_EQ(pool.in_flight(), 0);
  frame.reset();
  EXPECT_EQ(pool.in_flight(), 0);
}

TEST(FramePool, AcquireWaitsForASlot) {
  FramePool pool(1);
  auto held = pool.acquire();
  EXPECT_EQ(held->max_in_flight(), pool.max_in_flight());
  auto waiting = std::async(std::launch::async, [&] { return pool.acquire(); });
  EXPECT_EQ(waiting.wait_for(milliseconds(30)), std::future_status::timeout);
  held->release_slot();
  EXPECT_NE(waiting.get(), nullptr);
}

TEST(FramePool, CancellingWakesAllWhoWaitAndRefusesNewOnes) {
  FramePool pool(1);
  const auto held = pool.acquire();
  auto one = std::async(std::launch::async, [&] { return pool.acquire(); });
  auto two = std::async(std::launch::async, [&] { return pool.acquire(); });
  pool.set_cancelled(true);
  EXPECT_EQ(one.get(), nullptr);
  EXPECT_EQ(two.get(), nullptr);
  EXPECT_EQ(pool.acquire(), nullptr);
  EXPECT_EQ(pool.try_acquire(), nullptr);
  held->release_slot();
  pool.set_cancelled(false);
  EXPECT_NE(pool.acquire(), nullptr);
}

TEST(FramePool, ReportsAStallOnceWithTheFramesHeld) {
  FramePool pool(3);
  std::vector<std::shared_ptr<Frame>> held{pool.acquire(), pool.acquire(), pool.acquire()};
  std::vector<int> reports;
  auto waiting = std::async(std::launch::async, [&] {
    return pool.acquire(milliseconds(10), [&](int frames) { reports.push_back(frames); });
  });
  EXPECT_EQ(waiting.wait_for(milliseconds(80)), std::future_status::timeout);
  held.clear();
  EXPECT_NE(waiting.get(), nullptr);
  EXPECT_THAT(reports, ::testing::ElementsAre(3));
}

TEST(FramePool, FramesOutliveThePool) {
  auto pool = std::make_unique<FramePool>(1);
  auto frame = pool->acquire();
  ASSERT_NE(frame, nullptr);
  pool.reset();
  frame->release_slot();
  frame.reset();
}

TEST(FramePool, RefusesNoSlots) { EXPECT_THROW(FramePool(0), engine::SettingError); }

}  // namespace
}  // namespace rcnn::pipeline
