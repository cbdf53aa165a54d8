// SPDX-License-Identifier: MIT
#include "engine/runtime/dispatcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "engine/errors.hpp"
#include "tests/engine/runtime/fake_executable.hpp"

namespace rcnn::engine {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = Dispatcher::Clock;
using ::testing::HasSubstr;

/// The test is the cores' threads: it asks for work in their names, and says when programs return.
class DispatcherTest : public ::testing::Test {
 protected:
  Dispatcher& make(const CoreSettings& settings) {
    dispatcher_ = std::make_shared<Dispatcher>(settings);
    return *dispatcher_;
  }
  ~DispatcherTest() override {
    if (dispatcher_) dispatcher_->stop();
  }

  /// Submits an execution of a program with this name.
  std::shared_ptr<Job> submit(const std::string& name, Dispatch wish = {},
                              const std::vector<int>& cores = {0, 1}) {
    auto [execution, done] = execution_of([](auto) {});
    execution.dispatch = wish;
    done_[name] = std::move(done);
    return dispatcher_->submit(name, cores, std::move(execution), group_);
  }
  /// Members of one batch have one program.
  void submit_batch(int size, std::chrono::nanoseconds timeout = hours(1)) {
    group_->admitted = 100;
    for (int i = 0; i < size; ++i) submit("batch", {.batch_size = size, .batch_timeout = timeout});
  }
  void open_once(int core) {
    if (opened_.insert(core).second) dispatcher_->open(core);
  }
  /// What the core runs next; it had better be there.
  std::string next(int core) {
    open_once(core);
    const auto job = dispatcher_->next(core);
    return job ? job->program : "";
  }
  std::string finish_and_next(int core) {
    dispatcher_->finished(core, true, false);
    return next(core);
  }
  void take_out_of_service(int core) {
    for (int i = 0; i < CoreState::kFailuresInRow; ++i) {
      submit("bad", {}, {core});
      ASSERT_EQ(next(core), "bad");
      dispatcher_->finished(core, true, true);
    }
    ASSERT_FALSE(dispatcher_->status(core).in_service);
  }
  std::size_t depth(int core) const { return dispatcher_->status(core).total.queue_depth; }
  /// A core that asks while there is nothing for it.
  std::future<std::string> ask(int core) {
    open_once(core);
    auto asked = std::async(std::launch::async, [this, core] {
      const auto job = dispatcher_->next(core);
      return job ? job->program : "";
    });
    EXPECT_EQ(asked.wait_for(milliseconds(20)), std::future_status::timeout) << "core " << core;
    return asked;
  }

  std::set<int> opened_;
  const std::shared_ptr<BatchGroup> group_ = std::make_shared<BatchGroup>();
  std::map<std::string, std::future<std::exception_ptr>> done_;
  std::shared_ptr<Dispatcher> dispatcher_;
};

TEST_F(DispatcherTest, WhoIsFreeFirstRunsWhatCameFirst) {
  make(settings_of({0, 1}));
  for (const auto* name : {"a", "b", "c", "d", "e"}) submit(name);
  EXPECT_EQ(next(1), "a");
  EXPECT_EQ(next(0), "b");
  EXPECT_EQ(finish_and_next(0), "c");
  EXPECT_EQ(finish_and_next(0), "d");
  EXPECT_EQ(finish_and_next(1), "e");
}

TEST_F(DispatcherTest, OfCoresThatAreFreeTheOneRunsThatHasBegunTheFewest) {
  make(settings_of({0, 1}));
  auto zero = ask(0);
  auto one = ask(1);
  submit("a");
  EXPECT_EQ(zero.get(), "a");
  dispatcher_->finished(0, true, false);
  zero = ask(0);
  submit("b");
  EXPECT_EQ(one.get(), "b");
  submit("c");
  EXPECT_EQ(zero.get(), "c");
}

TEST_F(DispatcherTest, PoliciesChooseOverAllCores) {
  make(settings_of({0, 1}));
  submit("low", {.policy = DispatchPolicy::kPriority, .priority = -1});
  submit("one", {.stream = 1, .policy = DispatchPolicy::kRoundRobin});
  submit("one more", {.stream = 1, .policy = DispatchPolicy::kRoundRobin});
  submit("two", {.stream = 2, .policy = DispatchPolicy::kRoundRobin});
  submit("high", {.policy = DispatchPolicy::kPriority, .priority = 1});
  EXPECT_EQ(next(0), "high");
  EXPECT_EQ(next(1), "one");
  EXPECT_EQ(finish_and_next(0), "two") << "the first stream had its turn on another core";
  EXPECT_EQ(finish_and_next(0), "one more");
  EXPECT_EQ(finish_and_next(1), "low");
}

TEST_F(DispatcherTest, ACoreRunsOnlyWhatItHolds) {
  make(settings_of({0, 1}));
  submit("a", {}, {1});
  submit("b", {}, {0});
  submit("c", {}, {1});
  EXPECT_EQ(next(0), "b");
  EXPECT_EQ(depth(0), 0u);
  EXPECT_EQ(depth(1), 2u);
  EXPECT_EQ(next(1), "a");
  EXPECT_EQ(finish_and_next(1), "c");
}

TEST_F(DispatcherTest, WhatWaitsIsCountedForAllThatMayRunItByProgram) {
  make(settings_of({0, 1}));
  dispatcher_->list_program(1, "a");
  submit("a");
  submit("b");
  EXPECT_EQ(depth(0), 2u);
  EXPECT_EQ(depth(1), 2u);
  const auto programs = dispatcher_->status(1).programs;
  ASSERT_EQ(programs.size(), 1u);
  EXPECT_EQ(programs[0].second.queue_depth, 1u);
  next(0);
  EXPECT_EQ(depth(1), 1u);
}

TEST_F(DispatcherTest, ABatchRunsWholeOnTheCoreThatBeganIt) {
  make(settings_of({0, 1}));
  submit("first");
  submit_batch(3);
  submit("last", {.policy = DispatchPolicy::kPriority, .priority = -1});
  EXPECT_EQ(next(0), "first");
  EXPECT_EQ(next(1), "batch");  // Closed and not begun, so it goes to whoever is free.
  submit("urgent", {.policy = DispatchPolicy::kPriority, .priority = 9});
  EXPECT_EQ(finish_and_next(1), "batch") << "torn by what has a higher priority";
  EXPECT_EQ(finish_and_next(0), "urgent");
  EXPECT_EQ(finish_and_next(0), "last") << "the idle core took of the other one's batch";
  EXPECT_EQ(finish_and_next(1), "batch");
  EXPECT_EQ(depth(1), 0u);
}

TEST_F(DispatcherTest, ABatchThatWaitsLongEnoughGoesToAnIdleCore) {
  make(settings_of({0, 1}));
  dispatcher_->start();
  auto zero = ask(0);
  const auto began = Clock::now();
  group_->admitted = 9;
  submit("batch", {.batch_size = 2, .batch_timeout = milliseconds(40)});
  EXPECT_EQ(zero.get(), "batch");
  EXPECT_GE(Clock::now() - began, milliseconds(40));
}

TEST_F(DispatcherTest, WhatIsLeftOfALostCoresBatchRunsElsewhere) {
  auto settings = settings_of({0, 1});
  make(settings);
  submit_batch(3);
  EXPECT_EQ(next(0), "batch");
  auto one = ask(1);
  dispatcher_->expire(Clock::now() + settings.timeout);
  EXPECT_EQ(one.get(), "batch");
  EXPECT_EQ(finish_and_next(1), "batch");
}

TEST_F(DispatcherTest, WhatIsLeftOfABatchRunsElsewhereOnceItsCoreIsOutOfService) {
  make(settings_of({0, 1}));
  submit_batch(CoreState::kFailuresInRow + 1);
  std::future<std::string> one;
  for (int i = 0; i < CoreState::kFailuresInRow; ++i) {
    ASSERT_EQ(next(0), "batch");
    if (i == 0) one = ask(1);
    dispatcher_->finished(0, true, true);
  }
  EXPECT_EQ(one.get(), "batch");
}

TEST_F(DispatcherTest, ACoreOutOfServiceLeavesTheWorkToOthersAsLongAsOneDoesWell) {
  auto settings = settings_of({0, 1});
  make(settings);
  take_out_of_service(0);
  submit("a");
  EXPECT_EQ(next(1), "a");
  submit("b");
  auto zero = ask(0);  // Though the other one is busy.
  EXPECT_EQ(finish_and_next(1), "b");
  submit("c");
  dispatcher_->expire(Clock::now() + settings.timeout);  // Now the other one is lost, too.
  EXPECT_EQ(zero.get(), "c");
  EXPECT_EQ(dispatcher_->finished(0, true, false), ": in service again");
}

TEST_F(DispatcherTest, WhatWaitsBehindLostProgramsAloneTimesOutToo) {
  auto settings = settings_of({0, 1});
  make(settings);
  submit("zero");
  submit("one");
  ASSERT_EQ(next(0), "zero");
  const auto first = dispatcher_->expire(Clock::now());
  ASSERT_TRUE(first.has_value());
  submit("behind");
  submit("elsewhere", {}, {0});
  // Core 1 begins when the other one is overdue already, so what may run there has more time.
  ASSERT_EQ(next(1), "one");
  const auto second = dispatcher_->expire(*first);
  EXPECT_THAT(message_of(done_["zero"]), HasSubstr("ran past 30000 ms"));
  ASSERT_TRUE(second.has_value());
  const auto both = dispatcher_->expire(*second);
  EXPECT_THAT(message_of(done_["one"]), HasSubstr("NeuronCore 1"));
  EXPECT_EQ(both, *first + settings.timeout) << "those behind get as long again";
  const auto last = dispatcher_->expire(*both);
  EXPECT_THAT(message_of(done_["elsewhere"]), HasSubstr("behind a program that does not return"));
  EXPECT_EQ(last, *second + settings.timeout);
  EXPECT_EQ(done_["behind"].wait_for(seconds(0)), std::future_status::timeout);
  EXPECT_EQ(dispatcher_->expire(*last), std::nullopt);
  EXPECT_TRUE(holds<TimeoutError>(done_["behind"].get()));
  EXPECT_EQ(depth(0), 0u);
  submit("after");
  EXPECT_EQ(finish_and_next(0), "after") << "the program returned, so the core is free again";
}

TEST_F(DispatcherTest, WhatIsCancelledIsGivenToNobody) {
  make(settings_of({0, 1}));
  submit("a");
  const auto ticket = submit("b");
  submit("c");
  ticket->cancel();
  EXPECT_TRUE(holds<CancelledError>(done_["b"].get()));
  EXPECT_EQ(ticket->execution.executable, nullptr) << "still holds its tensors";
  EXPECT_EQ(depth(0), 2u);
  EXPECT_EQ(next(0), "a");
  EXPECT_EQ(next(1), "c");
}

TEST_F(DispatcherTest, WhatItsCancellerIsAboutToTakeAwayIsGivenToNobody) {
  make(settings_of({0, 1}));
  const auto job = submit("a");
  submit("b");
  job->claim();
  EXPECT_EQ(next(0), "b");
  job->complete(nullptr);
}

TEST_F(DispatcherTest, ACoreHangsUntilWhatItRunsIsClaimed) {
  auto settings = settings_of({0, 1});
  settings.cpus = 1;
  make(settings);
  const auto ticket = submit("stuck");
  submit("other");
  ASSERT_EQ(next(0), "stuck");
  auto one = ask(1);
  auto hangs = std::async(std::launch::async, [&] { dispatcher_->hang(0); });
  EXPECT_EQ(one.get(), "other") << "what hangs takes no CPU";
  EXPECT_EQ(hangs.wait_for(milliseconds(20)), std::future_status::timeout);
  ticket->cancel();
  hangs.get();
  dispatcher_->finished(0, false, true);
}

TEST_F(DispatcherTest, StoppingEndsWhatRunsWaitsOrAsks) {
  make(settings_of({0, 1}));
  submit("running");
  ASSERT_EQ(next(0), "running");
  submit("waiting", {}, {0});
  auto asks = ask(1);
  dispatcher_->stop();
  EXPECT_EQ(asks.get(), "");
  EXPECT_TRUE(holds<CancelledError>(done_["running"].get()));
  EXPECT_TRUE(holds<CancelledError>(done_["waiting"].get()));
  EXPECT_EQ(finish_and_next(0), "");
  submit("late");
  EXPECT_THAT(message_of(done_["late"]), HasSubstr("closed"));
}

}  // namespace
}  // namespace rcnn::engine
