// SPDX-License-Identifier: MIT
#include "engine/runtime/job_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rcnn::engine {
namespace {

using std::chrono::hours;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class JobQueueTest : public ::testing::Test {
 protected:
  /// A job named after its stream, whose wishes are `wish`.
  std::shared_ptr<Job> job(Dispatch wish, const std::string& program = "p") {
    Execution execution;
    execution.dispatch = wish;
    return std::make_shared<Job>(program, std::vector{kCore}, std::move(execution),
                                 std::weak_ptr<Dispatcher>{});
  }
  void push(Dispatch wish, const std::string& program = "p") { queue_.push(job(wish, program), group_); }
  /// What runs next on the only core.
  std::shared_ptr<Job> take(JobQueue::Clock::time_point now = JobQueue::Clock::now()) {
    const auto next = queue_.take(now, [](const Job&) { return kCore; });
    return next ? next->job : nullptr;
  }
  /// Streams in the order in which all that may run now does so.
  std::vector<std::uint64_t> order(JobQueue::Clock::time_point now = JobQueue::Clock::now()) {
    std::vector<std::uint64_t> streams;
    while (const auto next = take(now)) streams.push_back(next->execution.dispatch.stream);
    return streams;
  }

  static Dispatch fifo(std::uint64_t stream) { return {.stream = stream}; }
  static Dispatch turns(std::uint64_t stream) {
    return {.stream = stream, .policy = DispatchPolicy::kRoundRobin};
  }
  static Dispatch priority(std::uint64_t stream, int level) {
    return {.stream = stream, .policy = DispatchPolicy::kPriority, .priority = level};
  }
  static Dispatch batch(std::uint64_t stream, int size, std::chrono::nanoseconds timeout = hours(1)) {
    return {.stream = stream, .batch_size = size, .batch_timeout = timeout};
  }

  static constexpr int kCore = 0;
  const std::shared_ptr<BatchGroup> group_ = std::make_shared<BatchGroup>();
  JobQueue queue_;
};

TEST_F(JobQueueTest, FifoRunsInTheOrderOfArrival) {
  for (const std::uint64_t stream : {3u, 3u, 1u, 3u, 2u}) push(fifo(stream));
  EXPECT_THAT(order(), ElementsAre(3, 3, 1, 3, 2));
}

TEST_F(JobQueueTest, RoundRobinLetsStreamsTakeTurnsHoweverMuchEachHasWaiting) {
  for (const std::uint64_t stream : {3u, 3u, 3u, 1u, 1u, 2u}) push(turns(stream));
  EXPECT_THAT(order(), ElementsAre(3, 1, 2, 3, 1, 3));
}

TEST_F(JobQueueTest, RoundRobinRemembersWhoHadTheLastTurn) {
  push(turns(1));
  push(turns(2));
  EXPECT_THAT(order(), ElementsAre(1, 2));
  push(turns(2));
  push(turns(1));
  EXPECT_THAT(order(), ElementsAre(1, 2));
}

TEST_F(JobQueueTest, HigherPriorityGoesFirstAndEqualsInTheOrderOfArrival) {
  push(priority(1, -1));
  push(fifo(2));
  push(priority(3, 5));
  push(priority(4, 9));
  push(priority(5, 5));
  EXPECT_THAT(order(), ElementsAre(4, 3, 5, 2, 1));
}

TEST_F(JobQueueTest, PriorityCountsWithItsPolicyOnly) {
  push(fifo(1));
  push({.stream = 2, .policy = DispatchPolicy::kRoundRobin, .priority = 9});
  EXPECT_THAT(order(), ElementsAre(1, 2));
}

TEST_F(JobQueueTest, OthersWaitForTheTurnsOfWhatCameBeforeThem) {
  push(turns(1));
  push(turns(1));
  push(fifo(9));
  push(turns(2));
  EXPECT_THAT(order(), ElementsAre(1, 2, 1, 9));
}

// Each stream keeps as many executions waiting as its rate allows, 1 to 8 of them; a hundred rounds of one
// core.
TEST_F(JobQueueTest, RoundRobinGivesEachOfEightStreamsItsShare) {
  constexpr std::size_t kStreams = 8;
  std::vector<int> served(kStreams, 0);
  for (std::uint64_t stream = 0; stream < kStreams; ++stream) {
    for (std::uint64_t i = 0; i <= stream; ++i) push(turns(stream));
  }
  constexpr int kTurns = 800;
  for (int i = 0; i < kTurns; ++i) {
    const auto stream = take()->execution.dispatch.stream;
    ++served.at(stream);
    push(turns(stream));
  }
  EXPECT_THAT(served, Each(kTurns / static_cast<int>(kStreams)));
}

TEST_F(JobQueueTest, ABatchClosesOnceItIsFull) {
  group_->admitted = 10;
  push(batch(1, 3));
  push(batch(2, 3));
  EXPECT_THAT(order(), ElementsAre()) << "one more is to come";
  push(fifo(9));
  push(batch(3, 3));
  push(batch(4, 3));
  EXPECT_THAT(order(), ElementsAre(1, 2, 3, 9)) << "a batch runs whole, at the place of its first";
  EXPECT_THAT(queue_.jobs(), SizeIs(1)) << "the fourth has opened the next one";
}

TEST_F(JobQueueTest, ABatchWaitsForNoMoreThanAreAdmitted) {
  group_->admitted = 2;
  push(batch(1, 4));
  EXPECT_THAT(order(), ElementsAre());
  push(batch(2, 4));
  EXPECT_THAT(order(), ElementsAre(1, 2));
  group_->admitted = 2;
  push(batch(1, 4));
  EXPECT_THAT(order(), ElementsAre());
  group_->admitted = 1;  // The other frame has left without coming here.
  EXPECT_THAT(order(), ElementsAre(1));
}

// One frame at the box head, the others of the stream at the backbone: none can join another before one has
// run.
TEST_F(JobQueueTest, OfBatchesThatWaitForEachOthersFramesTheOldestRuns) {
  group_->admitted = 3;
  push(batch(1, 4), "box-head");
  push(batch(2, 4));
  EXPECT_THAT(order(), ElementsAre()) << "the third frame may come to either";
  push(batch(3, 4));
  EXPECT_THAT(order(), ElementsAre(1)) << "its frame goes on, and another one comes to the backbone";
  EXPECT_THAT(queue_.jobs(), SizeIs(2));
  group_->admitted = 2;
  EXPECT_THAT(order(), ElementsAre(2, 3));
}

TEST_F(JobQueueTest, APartialBatchRunsAtItsDeadlineAndSaysWhenThatIs) {
  group_->admitted = 4;
  push(batch(1, 4, hours(2)));
  push(batch(2, 4, hours(1)));
  const auto now = JobQueue::Clock::now();
  EXPECT_EQ(take(now), nullptr);
  const auto when = queue_.closes(now);
  ASSERT_TRUE(when.has_value());
  EXPECT_LE(*when, now + hours(1)) << "the least patient decides";
  EXPECT_GT(*when, now);
  EXPECT_THAT(order(*when), ElementsAre(1, 2));
  EXPECT_FALSE(queue_.closes(*when).has_value());
}

TEST_F(JobQueueTest, TheSmallestSizeAskedForCounts) {
  group_->admitted = 4;
  push(batch(1, 4));
  push(batch(2, 2));
  EXPECT_THAT(order(), ElementsAre(1, 2));
}

TEST_F(JobQueueTest, ProgramsAndGroupsAreNotMixedAndOtherWorkPassesAnOpenBatch) {
  group_->admitted = 4;
  const auto other = std::make_shared<BatchGroup>();
  other->admitted = 4;
  push(batch(1, 2), "backbone");
  push(batch(2, 2), "box-head");
  queue_.push(job(batch(3, 2), "backbone"), other);
  push(fifo(9));
  EXPECT_THAT(order(), ElementsAre(9));
  push(batch(4, 2), "backbone");
  EXPECT_THAT(order(), ElementsAre(1, 4));
}

TEST_F(JobQueueTest, WhoLeavesABatchIsNotWaitedForNorCounted) {
  group_->admitted = 3;
  push(batch(1, 3));
  push(batch(2, 3));
  const auto left = queue_.extract([](const Job& out) { return out.execution.dispatch.stream == 1; });
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0]->batch, nullptr);
  push(batch(3, 3));
  EXPECT_THAT(order(), ElementsAre()) << "two of three";
  push(batch(4, 3));
  EXPECT_THAT(order(), ElementsAre(2, 3, 4));
}

TEST_F(JobQueueTest, WhatNoCoreIsFreeForIsPassed) {
  push(priority(1, 9));
  push(fifo(2));
  const auto even = [](const Job& job) {
    return job.execution.dispatch.stream % 2 == 0 ? std::optional(4) : std::nullopt;
  };
  const auto next = queue_.take(JobQueue::Clock::now(), even);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->job->execution.dispatch.stream, 2u);
  EXPECT_EQ(next->core, 4);
  EXPECT_FALSE(queue_.take(JobQueue::Clock::now(), even).has_value());
}

TEST_F(JobQueueTest, TheRestOfABatchGoesFirstOnItsCoreUntilThatIsLost) {
  group_->admitted = 3;
  for (const std::uint64_t stream : {2u, 4u, 6u}) push(batch(stream, 3));
  ASSERT_EQ(take()->execution.dispatch.stream, 2u);  // Begins the batch.
  push(priority(8, 9));
  EXPECT_EQ(take()->execution.dispatch.stream, 4u) << "torn by what has a higher priority";
  for (const auto& job : queue_.jobs()) {
    EXPECT_EQ(job->batch != nullptr && job->batch->core == kCore, job->execution.dispatch.stream == 6);
  }
  queue_.free_batch_of(kCore + 1);
  EXPECT_NE(queue_.jobs().front()->batch, nullptr);
  queue_.free_batch_of(kCore);
  EXPECT_EQ(queue_.jobs().front()->batch, nullptr);
  EXPECT_THAT(order(), ElementsAre(8, 6)) << "what is left of it is like all others";
}

TEST_F(JobQueueTest, StreamIdsDiffer) { EXPECT_NE(new_stream_id(), new_stream_id()); }

}  // namespace
}  // namespace rcnn::engine
