// SPDX-License-Identifier: MIT
#include "pipeline/epoch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <random>
#include <thread>

namespace rcnn::pipeline {
namespace {

using std::chrono::milliseconds;

class CountingTicket final : public engine::ExecutionTicket {
 public:
  void cancel() override { ++cancelled; }
  std::atomic<int> cancelled{0};
};

std::unique_ptr<Item> entered(Epoch& epoch) {
  auto item = std::make_unique<Item>();
  item->frame = std::make_shared<Frame>();
  return epoch.enter(*item) ? std::move(item) : nullptr;
}

class EpochTest : public ::testing::Test {
 protected:
  const std::shared_ptr<GraphStatistics> statistics_ = std::make_shared<GraphStatistics>();
  Epoch epoch_{8, statistics_};
};

TEST_F(EpochTest, ItemsLeaveInTheOrderTheyEnteredHoweverTheyFinish) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::unique_ptr<Item>> items;
    for (int i = 0; i < 8; ++i) items.push_back(entered(epoch_));
    std::shuffle(items.begin(), items.end(), random);
    for (auto& item : items) epoch_.finish(std::move(item));
    for (std::uint64_t i = 0; i < 8; ++i)
      EXPECT_EQ(epoch_.leave()->number, static_cast<std::uint64_t>(round) * 8 + i);
  }
}

TEST_F(EpochTest, NothingLeavesBeforeItsPredecessor) {
  auto first = entered(epoch_);
  epoch_.finish(entered(epoch_));
  auto left = std::async(std::launch::async, [&] { return epoch_.leave()->number; });
  EXPECT_EQ(left.wait_for(milliseconds(20)), std::future_status::timeout);
  epoch_.finish(std::move(first));
  EXPECT_EQ(left.get(), 0U);
}

TEST_F(EpochTest, EnteringWaitsWhileFull) {
  std::vector<std::unique_ptr<Item>> items;
  for (int i = 0; i < 8; ++i) items.push_back(entered(epoch_));
  EXPECT_EQ(epoch_.inside(), 8);
  auto ninth = std::async(std::launch::async, [&] { return entered(epoch_) != nullptr; });
  EXPECT_EQ(ninth.wait_for(milliseconds(20)), std::future_status::timeout);
  epoch_.finish(std::move(items[0]));
  EXPECT_EQ(ninth.wait_for(milliseconds(20)), std::future_status::timeout) << "finished is not left";
  epoch_.leave();
  EXPECT_TRUE(ninth.get());
}

TEST_F(EpochTest, DyingWakesEverybodyAndDropsWhatIsInside) {
  auto late = entered(epoch_);
  auto held = entered(epoch_);
  const std::weak_ptr<Frame> watched = held->frame;
  epoch_.finish(std::move(held));
  auto leaving = std::async(std::launch::async, [&] { return epoch_.leave() == nullptr; });
  auto draining = std::async(std::launch::async, [&] { return epoch_.wait_drained(); });
  std::this_thread::sleep_for(milliseconds(10));
  epoch_.kill();
  EXPECT_TRUE(leaving.get());
  EXPECT_FALSE(draining.get());
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(entered(epoch_), nullptr);
  EXPECT_EQ(epoch_.inside(), 0);
  const std::weak_ptr<Frame> discarded = late->frame;
  epoch_.finish(std::move(late));
  EXPECT_TRUE(discarded.expired());
}

TEST_F(EpochTest, DrainedMeansPassedOnNotMerelyLeft) {
  epoch_.finish(entered(epoch_));
  auto drained = std::async(std::launch::async, [&] { return epoch_.wait_drained(); });
  epoch_.leave();
  EXPECT_EQ(drained.wait_for(milliseconds(20)), std::future_status::timeout);
  epoch_.passed_on();
  EXPECT_TRUE(drained.get());
  EXPECT_TRUE(epoch_.wait_drained()) << "an empty epoch is drained";
}

TEST_F(EpochTest, DyingCancelsJustWhatStillRuns) {
  const auto running = std::make_shared<CountingTicket>();
  const auto ended = std::make_shared<CountingTicket>();
  const auto ended_early = std::make_shared<CountingTicket>();
  const auto late = std::make_shared<CountingTicket>();
  for (std::uint64_t number = 0; number < 4; ++number) epoch_.expect(number, StageId::kBackboneRpn);
  epoch_.hold(0, StageId::kBackboneRpn, running);
  epoch_.hold(1, StageId::kBackboneRpn, ended);
  epoch_.drop(1, StageId::kBackboneRpn);
  epoch_.drop(2, StageId::kBackboneRpn);  // Done before its submitter came to hold it.
  epoch_.hold(2, StageId::kBackboneRpn, ended_early);
  epoch_.kill();
  epoch_.hold(3, StageId::kBackboneRpn, late);
  EXPECT_EQ(running->cancelled.load(), 1);
  EXPECT_EQ(ended->cancelled.load(), 0);
  EXPECT_EQ(ended_early->cancelled.load(), 0);
  EXPECT_EQ(late->cancelled.load(), 1);
}

// A box head without proposals ends before there is anything to hold.
TEST_F(EpochTest, AnExecutionThatWasNeverHeldLeavesNoRecord) {
  const auto ticket = std::make_shared<CountingTicket>();
  epoch_.expect(0, StageId::kBoxHead);
  epoch_.drop(0, StageId::kBoxHead);
  epoch_.expect(0, StageId::kBoxHead);
  epoch_.hold(0, StageId::kBoxHead, ticket);
  epoch_.kill();
  EXPECT_EQ(ticket->cancelled.load(), 1) << "the first drop() concerns the first expect() alone";
}

TEST_F(EpochTest, CountsFramesNotEvents) {
  auto event = std::make_unique<Item>();
  ASSERT_TRUE(epoch_.enter(*event));
  epoch_.finish(std::move(event));
  epoch_.finish(entered(epoch_));
  epoch_.leave();
  epoch_.leave();
  EXPECT_EQ(statistics_->snapshot().in, 1U);
  EXPECT_EQ(statistics_->snapshot().out, 1U);
}

}  // namespace
}  // namespace rcnn::pipeline
