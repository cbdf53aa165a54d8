// SPDX-License-Identifier: MIT
#include "engine/runtime/neuron_core.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <omp.h>
#include <sched.h>

#include <optional>
#include <stdexcept>
#include <thread>

#include "engine/errors.hpp"
#include "tests/engine/runtime/fake_executable.hpp"

namespace rcnn::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Clock = NeuronCore::Clock;

/// A running core and who tells it what to run. Nobody looks after deadlines.
struct LoneCore {
  explicit LoneCore(const CoreSettings& settings)
      : dispatcher(std::make_shared<Dispatcher>(settings)),
        core(std::make_shared<NeuronCore>(settings.cores.front(), settings, dispatcher)) {
    core->start();
  }
  std::shared_ptr<Job> submit(const std::string& program, Execution execution) const {
    return dispatcher->submit(program, {core->id()}, std::move(execution));
  }
  void stop(Clock::time_point deadline) const {
    dispatcher->stop();
    core->join(deadline);
  }
  CoreStatus status() const { return core->status(); }
  void wait_until_busy() const {
    for (int i = 0; i < 5000 && status().total.busy.count() == 0; ++i) {
      std::this_thread::sleep_for(milliseconds(1));
    }
  }

  std::shared_ptr<Dispatcher> dispatcher;
  std::shared_ptr<NeuronCore> core;
};

/// A core that is stopped when the test ends.
class NeuronCoreTest : public ::testing::Test {
 protected:
  LoneCore& make(const CoreSettings& settings) { return lone_.emplace(settings); }
  ~NeuronCoreTest() override {
    if (lone_) lone_->stop(Clock::now() + seconds(10));
  }

  std::optional<LoneCore> lone_;
};

TEST_F(NeuronCoreTest, RunsInOrderOneAtATime) {
  auto& core = make(settings_of({0}));
  std::vector<int> order;  // No lock: one program at a time is what is claimed, and TSan would object.
  std::vector<std::future<std::exception_ptr>> done;
  for (int i = 0; i < 50; ++i) {
    auto [execution, future] = execution_of([&order, i](auto) { order.push_back(i); });
    core.submit("p", std::move(execution));
    done.push_back(std::move(future));
  }
  for (auto& future : done) EXPECT_EQ(message_of(future), "");
  for (int i = 0; i < 50; ++i) EXPECT_EQ(order.at(static_cast<std::size_t>(i)), i);
}

TEST_F(NeuronCoreTest, AThrowFailsItsExecutionAndNoOther) {
  auto& core = make(settings_of({5}));
  auto [bad, bad_done] = execution_of([](auto) { throw std::runtime_error("primitive broke"); });
  auto [odd, odd_done] = execution_of([](auto) { throw 7; });
  auto [good, good_done] = execution_of([](auto) {});
  core.submit("m:bad", std::move(bad));
  core.submit("m:odd", std::move(odd));
  core.submit("m:good", std::move(good));
  EXPECT_THAT(message_of(bad_done),
              AllOf(HasSubstr("NeuronCore 5"), HasSubstr("m:bad"), HasSubstr("primitive broke")));
  EXPECT_THAT(message_of(odd_done), HasSubstr("unknown failure"));
  EXPECT_EQ(message_of(good_done), "");
  const auto status = core.status();
  EXPECT_EQ(status.total.failures, 2U);
  EXPECT_EQ(status.total.executions, 1U);
}

TEST_F(NeuronCoreTest, PrepareFillsInWhatTheProgramUses) {
  auto& core = make(settings_of({0}));
  auto owned = std::make_shared<int>(3);
  const std::weak_ptr<int> watched = owned;
  auto [execution, done] = execution_of([](auto) {});
  execution.prepare = [owned = std::move(owned)](Execution& self) mutable {
    self.outputs = {owned.get()};
    self.keep_alive = std::move(owned);
  };
  core.submit("p", std::move(execution));
  EXPECT_EQ(message_of(done), "");
  for (int i = 0; i < 1000 && !watched.expired(); ++i) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_TRUE(watched.expired()) << "the core holds on to a finished execution's tensors";
}

TEST_F(NeuronCoreTest, PrepareThatThrowsFailsTheExecution) {
  auto& core = make(settings_of({0}));
  auto [execution, done] = execution_of([](auto) { ADD_FAILURE() << "ran unprepared"; });
  execution.prepare = [](Execution&) { throw std::bad_alloc(); };
  core.submit("p", std::move(execution));
  EXPECT_TRUE(holds<DeviceError>(done.get()));
}

TEST_F(NeuronCoreTest, ArenaIsAlignedAndAsLargeAsTheLargestAsked) {
  auto& core = make(settings_of({0}));
  for (const std::size_t bytes : {std::size_t{64}, std::size_t{1} << 20, std::size_t{256}}) {
    auto [execution, done] = execution_of(
        [bytes](std::span<std::byte> scratch) {
          EXPECT_GE(scratch.size(), bytes);
          EXPECT_EQ(reinterpret_cast<std::uintptr_t>(scratch.data()) % 64, 0U);
          std::fill(scratch.begin(), scratch.end(), std::byte{1});
        },
        bytes);
    core.submit("p", std::move(execution));
    EXPECT_EQ(message_of(done), "");
  }
  EXPECT_EQ(core.core->memory_used(), std::size_t{1} << 20);
}

TEST_F(NeuronCoreTest, ArenaBeyondTheMemoryFailsTheExecution) {
  auto settings = settings_of({0});
  settings.memory_bytes = 1 << 20;
  auto& core = make(settings);
  auto [execution, done] = execution_of([](auto) {}, std::size_t{2} << 20);
  core.submit("m:p", std::move(execution));
  EXPECT_THAT(message_of(done), AllOf(HasSubstr("m:p"), HasSubstr("1.0 MiB more than is free")));
}

TEST_F(NeuronCoreTest, ArenaIsGivenBackWithTheLastProgram) {
  auto& core = make(settings_of({0}));
  const std::vector<ResidentProgram> programs{{"p", nullptr, 10, 0}};
  core.core->add_resident(programs);
  auto [execution, done] = execution_of([](auto) {}, 4096);
  core.submit("p", std::move(execution));
  EXPECT_EQ(message_of(done), "");
  EXPECT_EQ(core.core->memory_used(), 4106U);
  core.core->remove_resident(programs);
  for (int i = 0; i < 1000 && core.core->memory_used() > 0; ++i) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(core.core->memory_used(), 0U);
}

TEST_F(NeuronCoreTest, SetsItsOwnTeamSize) {
  auto settings = settings_of({0});
  settings.threads_per_core = 3;
  auto& core = make(settings);
  auto [execution, done] = execution_of([](auto) { EXPECT_EQ(omp_get_max_threads(), 3); });
  core.submit("p", std::move(execution));
  EXPECT_EQ(message_of(done), "");
}

TEST_F(NeuronCoreTest, PinnedThreadMayUseOnlyItsShare) {
  auto settings = settings_of({1});
  settings.pin = true;
  auto& core = make(settings);
  auto [execution, done] = execution_of([](auto) {
    cpu_set_t mine;
    ASSERT_EQ(sched_getaffinity(0, sizeof(mine), &mine), 0);
    EXPECT_EQ(CPU_COUNT(&mine), 1);
  });
  core.submit("p", std::move(execution));
  EXPECT_EQ(message_of(done), "");
}

TEST_F(NeuronCoreTest, CancelCompletesAtOnceWaitingOrRunning) {
  auto& core = make(settings_of({0}));
  Gate gate;
  auto [running, running_done] = execution_of([&](auto) { gate.pass(); });
  auto [waiting, waiting_done] = execution_of([](auto) { ADD_FAILURE() << "ran though cancelled"; });
  auto [after, after_done] = execution_of([](auto) {});
  auto kept = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = kept;
  waiting.keep_alive = std::move(kept);
  const auto running_ticket = core.submit("p", std::move(running));
  const auto waiting_ticket = core.submit("p", std::move(waiting));
  core.submit("p", std::move(after));

  waiting_ticket->cancel();
  running_ticket->cancel();
  running_ticket->cancel();  // A second time changes nothing.

  ASSERT_EQ(waiting_done.wait_for(seconds(0)), std::future_status::ready);
  EXPECT_TRUE(holds<CancelledError>(waiting_done.get()));
  // The program may not have begun when it was cancelled; either way it is complete.
  ASSERT_EQ(running_done.wait_for(seconds(0)), std::future_status::ready);
  EXPECT_TRUE(holds<CancelledError>(running_done.get()));
  EXPECT_TRUE(watched.expired()) << "a cancelled execution still holds its tensors";
  gate.open();
  EXPECT_EQ(message_of(after_done), "");
  EXPECT_EQ(core.status().total.executions, 1U);  // Late results do not count.
}

TEST_F(NeuronCoreTest, EveryNthExecutionFailsWhereAFaultIsInjected) {
  auto& core = make(settings_of({0}, {{0, "fail", 3}}));
  std::vector<int> failed;
  for (int i = 1; i <= 9; ++i) {
    auto [execution, done] = execution_of([](auto) {});
    core.submit("p", std::move(execution));
    if (holds<DeviceError>(done.get())) failed.push_back(i);
  }
  EXPECT_THAT(failed, ElementsAre(3, 6, 9));
}

TEST_F(NeuronCoreTest, StuckEndsWithItsTimeoutAndTheCoreGoesOn) {
  auto& core = make(settings_of({0}, {{0, "stuck", 2}}));
  std::vector<std::future<std::exception_ptr>> done;
  for (int i = 0; i < 3; ++i) {
    auto [execution, future] = execution_of([](auto) {});
    core.submit("m:p", std::move(execution));
    done.push_back(std::move(future));
  }
  EXPECT_EQ(message_of(done[0]), "");
  // The deadline is moved past by hand: nobody waits 30 s here.
  while (core.status().total.queue_depth > 1) std::this_thread::yield();
  EXPECT_EQ(done[1].wait_for(milliseconds(20)), std::future_status::timeout);
  core.dispatcher->expire(Clock::now() + seconds(31));
  const auto error = done[1].get();
  EXPECT_TRUE(holds<TimeoutError>(error));
  EXPECT_EQ(message_of(done[2]), "");
  const auto total = core.status().total;
  EXPECT_EQ(total.timeouts, 1U);
  EXPECT_EQ(total.failures, 0U);
  EXPECT_EQ(total.executions, 2U);
}

TEST_F(NeuronCoreTest, StuckIsReleasedByCancel) {
  auto& core = make(settings_of({0}, {{0, "stuck", 1}}));
  auto [execution, done] = execution_of([](auto) {});
  auto [next, next_done] = execution_of([](auto) {});
  const auto ticket = core.submit("p", std::move(execution));
  const auto next_ticket = core.submit("p", std::move(next));
  core.wait_until_busy();
  ticket->cancel();
  EXPECT_TRUE(holds<CancelledError>(done.get()));
  for (int i = 0; i < 5000 && core.status().total.queue_depth > 0; ++i) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(core.status().total.queue_depth, 0U) << "the next one has not begun";
  next_ticket->cancel();
}

TEST_F(NeuronCoreTest, CountersSeparatePrograms) {
  auto& core = make(settings_of({0}));
  for (int i = 0; i < 3; ++i) {
    auto [execution, done] = execution_of([](auto) { std::this_thread::sleep_for(milliseconds(2)); });
    core.submit(i == 0 ? "a" : "b", std::move(execution));
    EXPECT_EQ(message_of(done), "");
  }
  const auto status = core.status();
  ASSERT_EQ(status.programs.size(), 2U);
  EXPECT_EQ(status.programs[0].first, "a");
  EXPECT_EQ(status.programs[0].second.executions, 1U);
  EXPECT_EQ(status.programs[1].second.executions, 2U);
  EXPECT_GE(status.programs[1].second.latency_ms[0], 2.0);
  EXPECT_GE(status.total.busy, milliseconds(6));
}

TEST(NeuronCoreStop, CompletesAllThatWaitsAndLeavesAStuckThreadBehind) {
  Gate gate;
  std::optional<LoneCore> lone(settings_of({0}));
  auto [running, running_done] = execution_of([&](auto) { gate.pass(); });
  auto [waiting, waiting_done] = execution_of([](auto) {});
  lone->submit("p", std::move(running));
  lone->wait_until_busy();
  lone->submit("p", std::move(waiting));
  const auto began = Clock::now();
  lone->stop(began + milliseconds(50));
  EXPECT_LT(Clock::now() - began, seconds(5));
  EXPECT_TRUE(holds<CancelledError>(running_done.get()));
  EXPECT_TRUE(holds<CancelledError>(waiting_done.get()));

  auto [late, late_done] = execution_of([](auto) {});
  lone->submit("p", std::move(late));
  EXPECT_THAT(message_of(late_done), HasSubstr("closed"));
  const std::weak_ptr<NeuronCore> watched = lone->core;
  lone->core->start();  // Harmless: a core that was left behind starts no second thread.
  lone.reset();
  gate.open();  // The thread left behind still stands on solid ground, and goes now.
  for (int i = 0; i < 5000 && !watched.expired(); ++i) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace rcnn::engine
