// SPDX-License-Identifier: MIT
#include "engine/runtime/core_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <thread>

#include "engine/errors.hpp"
#include "engine/runtime/core_state.hpp"
#include "tests/engine/runtime/fake_executable.hpp"

namespace rcnn::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const int kWeightsA = 0;
const int kWeightsB = 0;
constexpr std::size_t kMiB = std::size_t{1} << 20;

std::vector<ResidentProgram> two_programs() {
  return {{"m:backbone", &kWeightsA, 30 * kMiB, 4 * kMiB}, {"m:box-head", &kWeightsB, 10 * kMiB, 2 * kMiB}};
}

/// Ids of the cores that have run (or are running) something of `program`.
std::vector<int> cores_that_ran(const CorePool& pool, const std::string& program) {
  std::vector<int> ids;
  for (const auto& core : pool.status()) {
    for (const auto& [name, counters] : core.programs) {
      if (name == program && counters.executions > 0) ids.push_back(core.id);
    }
  }
  return ids;
}

TEST(CorePool, ReplicatePutsEveryProgramOnEveryCoreAndSharesOneLoad) {
  CorePool pool(settings_of({0, 1}));
  const auto first = pool.load(two_programs(), {}, Placement::kReplicate);
  const auto second = pool.load(two_programs(), {}, Placement::kReplicate);  // The same weights once more.
  EXPECT_THAT(first->cores(), ElementsAre(0, 1));
  for (const auto& core : pool.status()) {
    EXPECT_EQ(core.memory_used, 44 * kMiB);
    EXPECT_THAT(core.programs, SizeIs(2));
  }
}

TEST(CorePool, SplitDealsProgramsOut) {
  CorePool pool(settings_of({0, 1}));
  const auto loaded = pool.load(two_programs(), {}, Placement::kSplit);
  const auto status = pool.status();
  EXPECT_EQ(status[0].memory_used, 34 * kMiB);
  EXPECT_EQ(status[1].memory_used, 12 * kMiB);
  for (int i = 0; i < 4; ++i) {
    for (const std::size_t program : {std::size_t{0}, std::size_t{1}}) {
      auto [execution, done] = execution_of([](auto) {});
      loaded->submit(program, std::move(execution));
      EXPECT_EQ(message_of(done), "");
    }
  }
  EXPECT_THAT(cores_that_ran(pool, "m:backbone"), ElementsAre(0));
  EXPECT_THAT(cores_that_ran(pool, "m:box-head"), ElementsAre(1));
}

TEST(CorePool, SplitOfASecondModelPrefersEmptierCores) {
  CorePool pool(settings_of({0, 1, 2, 3}));
  const auto first = pool.load(two_programs(), {}, Placement::kSplit);
  const auto second =
      pool.load({{"n:backbone", nullptr, kMiB, 0}, {"n:box-head", nullptr, kMiB, 0}}, {}, Placement::kSplit);
  EXPECT_THAT(first->cores(), ElementsAre(0, 1));
  EXPECT_THAT(second->cores(), ElementsAre(2, 3));
}

TEST(CorePool, UnloadsWithTheLastReference) {
  CorePool pool(settings_of({0}));
  auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  EXPECT_GT(pool.status()[0].memory_used, 0U);
  loaded.reset();
  EXPECT_EQ(pool.status()[0].memory_used, 0U);
}

TEST(CorePool, ACoreThatIsNotThereIsRefusedNamingThoseThatAre) {
  CorePool pool(settings_of({0, 1}));
  try {
    pool.load(two_programs(), {7}, Placement::kReplicate);
    FAIL() << "core 7 of a pool of two was accepted";
  } catch (const SettingError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("no NeuronCore 7"), HasSubstr("there are 0, 1")));
  }
}

TEST(CorePool, MemoryIsAllOrNothingOverTheCores) {
  auto settings = settings_of({0, 1});
  settings.memory_bytes = 60 * kMiB;
  CorePool pool(settings);
  const auto resident = pool.load({{"old:p", nullptr, 40 * kMiB, 0}}, {1}, Placement::kReplicate);
  try {
    pool.load(two_programs(), {}, Placement::kReplicate);
    FAIL() << "40 + 44 MiB fitted into 60";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("NeuronCore 1"), HasSubstr("'old:p'"), HasSubstr("24.0 MiB more")));
  }
  EXPECT_EQ(pool.status()[0].memory_used, 0U) << "half a load was left behind";
}

TEST(CorePool, WhatWaitsRunsOnTheCoreThatIsFreeFirst) {
  CorePool pool(settings_of({0, 1}));
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  Gate gates[2];
  auto [longer, longer_done] = execution_of([&](auto) { gates[0].pass(); });
  auto [shorter, shorter_done] = execution_of([&](auto) { gates[1].pass(); });
  loaded->submit(0, std::move(longer));
  loaded->submit(0, std::move(shorter));
  std::vector<std::future<std::exception_ptr>> waiting;
  for (int i = 0; i < 4; ++i) {
    auto [execution, done] = execution_of([](auto) {});
    loaded->submit(1, std::move(execution));
    waiting.push_back(std::move(done));
  }
  gates[1].open();
  for (auto& done : waiting) EXPECT_EQ(message_of(done), "") << "waits for the core that is still busy";
  EXPECT_EQ(longer_done.wait_for(seconds(0)), std::future_status::timeout);
  EXPECT_THAT(cores_that_ran(pool, "m:box-head"), SizeIs(1));
  gates[0].open();
  EXPECT_EQ(message_of(longer_done), "");
  EXPECT_EQ(message_of(shorter_done), "");
}

TEST(CorePool, TheWatchdogReportsAProgramThatRunsTooLong) {
  auto settings = settings_of({0, 1});
  settings.timeout = milliseconds(50);
  CorePool pool(settings);
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  Gate gate;
  auto [slow, slow_done] = execution_of([&](auto) { gate.pass(); });
  loaded->submit(0, std::move(slow));
  EXPECT_THAT(message_of(slow_done), AllOf(HasSubstr("ran past 50 ms"), HasSubstr("m:backbone"),
                                           HasSubstr("NEURON_RT_EXEC_TIMEOUT")));
  for (int i = 0; i < 6; ++i) {  // The lost core is avoided though both queues are empty.
    auto [execution, done] = execution_of([](auto) {});
    loaded->submit(0, std::move(execution));
    EXPECT_EQ(message_of(done), "");
  }
  gate.open();
}

TEST(CorePool, WhatWaitsBesideAStuckProgramRunsOnAnotherCore) {
  auto settings = settings_of({0, 1});
  settings.timeout = milliseconds(100);
  CorePool pool(settings);
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  Gate gates[2];
  auto [stuck, stuck_done] = execution_of([&](auto) { gates[0].pass(); });
  auto [slow, slow_done] = execution_of([&](auto) { gates[1].pass(); });
  loaded->submit(0, std::move(stuck));  // One core, for good.
  loaded->submit(0, std::move(slow));   // The other one.
  auto [behind, behind_done] = execution_of([](auto) {});
  auto [other, other_done] = execution_of([](auto) {});
  loaded->submit(0, std::move(behind));
  loaded->submit(0, std::move(other));
  gates[1].open();
  EXPECT_EQ(message_of(slow_done), "");
  EXPECT_EQ(message_of(behind_done), "") << "it need not time out with the program before it";
  EXPECT_EQ(message_of(other_done), "");
  EXPECT_THAT(message_of(stuck_done), HasSubstr("ran past 100 ms"));
  gates[0].open();
}

TEST(CorePool, ACoreThatFailsInARowGoesOutOfService) {
  CorePool pool(settings_of({0, 1}, {{0, "fail", 1}}));
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  std::vector<std::string> failures;
  const auto run = [&] {
    auto [execution, done] = execution_of([](auto) {});
    loaded->submit(0, std::move(execution));
    if (auto message = message_of(done); !message.empty()) failures.push_back(std::move(message));
  };
  for (int i = 0; i < 100'000 && pool.status()[0].in_service; ++i) run();
  for (int i = 0; i < 10; ++i) run();
  ASSERT_THAT(failures, SizeIs(CoreState::kFailuresInRow));
  EXPECT_THAT(failures.back(), HasSubstr("out of service after 5 failures"));
  EXPECT_THAT(failures.front(), ::testing::Not(HasSubstr("out of service")));
  EXPECT_FALSE(pool.status()[0].in_service);
  EXPECT_TRUE(pool.status()[1].in_service);
}

TEST(CorePool, AnOnlyCoreGoesOnAndComesBackOnceItDoesWell) {
  CorePool pool(settings_of({0}));
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  const auto run = [&](bool fails) {
    auto [execution, done] = execution_of([=](auto) {
      if (fails) throw std::runtime_error("bad day");
    });
    loaded->submit(0, std::move(execution));
    return message_of(done);
  };
  for (int i = 0; i < 7; ++i) EXPECT_THAT(run(true), HasSubstr("bad day"));
  EXPECT_FALSE(pool.status()[0].in_service);
  EXPECT_EQ(run(false), "");
  EXPECT_TRUE(pool.status()[0].in_service);
}

TEST(CorePool, InjectedStuckBecomesATimeoutOfThatExecutionAlone) {
  auto settings = settings_of({0}, {{0, "stuck", 3}});
  settings.timeout = milliseconds(30);
  CorePool pool(settings);
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  std::vector<bool> timed_out;
  for (int i = 0; i < 6; ++i) {
    auto [execution, done] = execution_of([](auto) {});
    loaded->submit(0, std::move(execution));
    timed_out.push_back(holds<TimeoutError>(done.get()));
  }
  EXPECT_THAT(timed_out, ElementsAre(false, false, true, false, false, true));
  EXPECT_EQ(pool.status()[0].total.timeouts, 2U);
}

TEST(CorePool, ClosingWithAStuckCoreIsQuickAndCompletesEverything) {
  auto pool = std::make_unique<CorePool>(settings_of({0}, {{0, "stuck", 1}}));
  const auto loaded = pool->load(two_programs(), {}, Placement::kReplicate);
  auto [stuck, stuck_done] = execution_of([](auto) {});
  auto [waiting, waiting_done] = execution_of([](auto) {});
  loaded->submit(0, std::move(stuck));
  loaded->submit(0, std::move(waiting));
  const auto began = std::chrono::steady_clock::now();
  pool.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(4));
  EXPECT_TRUE(holds<CancelledError>(stuck_done.get()));
  EXPECT_TRUE(holds<CancelledError>(waiting_done.get()));

  auto [late, late_done] = execution_of([](auto) {});
  loaded->submit(0, std::move(late));  // Programs may outlive their pool; they just cannot run.
  EXPECT_TRUE(holds<DeviceError>(late_done.get()));
}

TEST(CorePool, DoneMaySubmitTheNext) {
  CorePool pool(settings_of({0}));
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  auto [second, second_done] = execution_of([](auto) {});
  Execution first;
  first.executable = std::make_shared<FakeExecutable>([](auto) {});
  first.done = [&loaded, next = std::make_shared<Execution>(std::move(second))](std::exception_ptr) {
    loaded->submit(1, std::move(*next));
  };
  loaded->submit(0, std::move(first));
  EXPECT_EQ(message_of(second_done), "");
}

TEST(CorePool, DoneMaySubmitTheNextEvenToAClosedPool) {
  auto pool = std::make_unique<CorePool>(settings_of({0}));
  const auto loaded = pool->load(two_programs(), {}, Placement::kReplicate);
  pool.reset();
  auto [second, second_done] = execution_of([](auto) {});
  Execution first;
  first.executable = std::make_shared<FakeExecutable>([](auto) {});
  first.done = [&loaded, next = std::make_shared<Execution>(std::move(second))](std::exception_ptr) {
    loaded->submit(0, std::move(*next));
  };
  loaded->submit(0, std::move(first));
  EXPECT_TRUE(holds<DeviceError>(second_done.get()));
}

// Cancellers, the watchdog and the cores race for the same executions; each must complete just once.
// execution_of's promise throws on a second completion, a lost one never becomes ready.
TEST(CorePool, CompletesExactlyOnceWhoeverGetsThereFirst) {
  auto settings = settings_of({0, 1, 2});
  settings.timeout = milliseconds(1);
  CorePool pool(settings);
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  std::atomic<int> cancelled{0};
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&, client] {
      const auto admitted = loaded->admit();
      for (int i = 0; i < 100; ++i) {
        auto [execution, done] =
            execution_of([i](auto) { std::this_thread::sleep_for(milliseconds(i % 3)); });
        execution.dispatch = {.stream = static_cast<std::uint64_t>(client),
                              .policy = static_cast<DispatchPolicy>(i % 3),
                              .priority = i % 5,
                              .batch_size = 1 + i % 4,
                              .batch_timeout = std::chrono::microseconds(500)};
        const auto ticket = loaded->submit(0, std::move(execution));
        if ((i + client) % 2 == 0) ticket->cancel();
        ASSERT_EQ(done.wait_for(seconds(10)), std::future_status::ready);
        if (holds<CancelledError>(done.get())) ++cancelled;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_GT(cancelled.load(), 0);
}

// Two loads of the same programs on the same cores, as two streams have them.
TEST(CorePool, ABatchOfSeveralLoadsRunsOnOneCoreWithoutOthersBetween) {
  CorePool pool(settings_of({0, 1}));
  const auto first = pool.load(two_programs(), {}, Placement::kReplicate);
  const auto second = pool.load(two_programs(), {}, Placement::kReplicate);
  Gate gate;
  auto [left, left_done] = execution_of([&](auto) { gate.pass(); });
  auto [right, right_done] = execution_of([&](auto) { gate.pass(); });
  first->submit(0, std::move(left));
  first->submit(0, std::move(right));

  const std::shared_ptr<const void> admitted[] = {first->admit(), second->admit(), second->admit()};
  std::mutex mutex;
  std::map<std::thread::id, std::vector<std::string>> order;  // Of each core
  std::vector<std::future<std::exception_ptr>> all;
  const auto submit = [&](const std::shared_ptr<LoadedPrograms>& programs, const char* name, int batch_size) {
    auto [execution, done] = execution_of([&, name](auto) {
      std::lock_guard lock(mutex);
      order[std::this_thread::get_id()].emplace_back(name);
    });
    execution.dispatch = {.batch_size = batch_size, .batch_timeout = std::chrono::hours(1)};
    programs->submit(0, std::move(execution));
    all.push_back(std::move(done));
  };
  submit(first, "a", 3);
  submit(first, "other", 1);
  submit(second, "b", 3);
  submit(second, "other", 1);
  submit(second, "c", 3);
  gate.open();
  for (auto& done : all) EXPECT_EQ(message_of(done), "");
  EXPECT_EQ(message_of(left_done), "");
  EXPECT_EQ(message_of(right_done), "");

  std::lock_guard lock(mutex);
  std::vector<std::string> core_of_a;
  for (const auto& [core, names] : order) {
    if (std::ranges::find(names, "a") != names.end()) core_of_a = names;
  }
  const auto batch = std::ranges::find(core_of_a, "a");
  ASSERT_GE(core_of_a.end() - batch, 3);
  EXPECT_THAT(std::vector<std::string>(batch, batch + 3), ElementsAre("a", "b", "c"));
}

TEST(CorePool, ABatchRunsOnceThoseItWaitsForAreGone) {
  CorePool pool(settings_of({0}));
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  const auto own = loaded->admit();
  auto other = loaded->admit();
  auto [execution, done] = execution_of([](auto) {});
  execution.dispatch = {.batch_size = 2, .batch_timeout = std::chrono::hours(1)};
  loaded->submit(0, std::move(execution));
  EXPECT_EQ(done.wait_for(milliseconds(20)), std::future_status::timeout);
  other.reset();
  EXPECT_EQ(message_of(done), "");
}

TEST(CorePool, APartialBatchRunsAfterItsTimeout) {
  CorePool pool(settings_of({0}));
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  const std::shared_ptr<const void> admitted[] = {loaded->admit(), loaded->admit()};
  auto [execution, done] = execution_of([](auto) {});
  execution.dispatch = {.batch_size = 2, .batch_timeout = milliseconds(30)};
  const auto began = std::chrono::steady_clock::now();
  loaded->submit(0, std::move(execution));
  EXPECT_EQ(message_of(done), "");
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(30));
}

TEST(CorePool, ACancelledMemberOfABatchIsNotWaitedFor) {
  CorePool pool(settings_of({0}));
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  const auto own = loaded->admit();
  auto other = loaded->admit();
  const auto submit = [&] {
    auto [execution, done] = execution_of([](auto) {});
    execution.dispatch = {.batch_size = 3, .batch_timeout = std::chrono::hours(1)};
    auto ticket = loaded->submit(0, std::move(execution));
    return std::make_pair(std::move(ticket), std::move(done));
  };
  auto third = loaded->admit();
  auto [ticket, cancelled] = submit();
  ticket->cancel();
  EXPECT_TRUE(holds<CancelledError>(cancelled.get()));
  auto [kept, done] = submit();
  EXPECT_EQ(done.wait_for(milliseconds(20)), std::future_status::timeout);
  other.reset();
  third.reset();
  EXPECT_EQ(message_of(done), "");
}

/// Cores that share fewer CPUs.
CoreSettings sharing(std::vector<int> cores, int cpus, std::vector<CoreSettings::Fault> faults = {}) {
  auto settings = settings_of(std::move(cores), std::move(faults));
  settings.cpus = cpus;
  return settings;
}

TEST(CorePool, NoMoreProgramsRunAtOnceThanThereAreCpusFor) {
  auto settings = sharing({0, 1, 2, 3, 4, 5, 6, 7}, 5);
  settings.threads_per_core = 2;
  CorePool pool(settings);
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  std::atomic<int> running{0}, most{0};
  std::vector<std::future<std::exception_ptr>> all;
  for (int i = 0; i < 40; ++i) {
    auto [execution, done] = execution_of([&](auto) {
      const int now = ++running;
      int before = most;
      while (before < now && !most.compare_exchange_weak(before, now)) {
      }
      std::this_thread::sleep_for(milliseconds(2));
      --running;
    });
    loaded->submit(0, std::move(execution));
    all.push_back(std::move(done));
  }
  for (auto& done : all) EXPECT_EQ(message_of(done), "");
  EXPECT_EQ(most, 2);
  EXPECT_THAT(cores_that_ran(pool, "m:backbone"), SizeIs(::testing::Gt(2)));
}

TEST(CorePool, WhatWaitsForACpuIsQueuedAndMayBeCancelled) {
  CorePool pool(sharing({0, 1}, 1));
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  Gate gate;
  auto [running, running_done] = execution_of([&](auto) { gate.pass(); });
  auto [waiting, waiting_done] = execution_of([](auto) { ADD_FAILURE() << "ran though cancelled"; });
  auto [after, after_done] = execution_of([](auto) {});
  loaded->submit(0, std::move(running));
  const auto busy = [&](std::size_t core) { return pool.status()[core].total.busy.count() > 0; };
  while (!busy(0) && !busy(1)) std::this_thread::yield();
  const auto ticket = loaded->submit(0, std::move(waiting));
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(pool.status()[1].total.queue_depth, 1U);
  EXPECT_FALSE(busy(0) && busy(1));
  ticket->cancel();
  ASSERT_EQ(waiting_done.wait_for(seconds(0)), std::future_status::ready);
  EXPECT_TRUE(holds<CancelledError>(waiting_done.get()));
  EXPECT_EQ(pool.status()[1].total.queue_depth, 0U);
  gate.open();
  EXPECT_EQ(message_of(running_done), "");
  loaded->submit(0, std::move(after));
  EXPECT_EQ(message_of(after_done), "");
}

TEST(CorePool, WaitingForACpuIsNoTimeThatAProgramRuns) {
  auto settings = sharing({0, 1, 2, 3, 4}, 1);
  settings.timeout = milliseconds(400);
  CorePool pool(settings);
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  std::vector<std::future<std::exception_ptr>> all;
  for (int i = 0; i < 5; ++i) {
    auto [execution, done] = execution_of([](auto) { std::this_thread::sleep_for(milliseconds(120)); });
    loaded->submit(0, std::move(execution));
    all.push_back(std::move(done));
  }
  for (auto& done : all) EXPECT_EQ(message_of(done), "");
  for (const auto& core : pool.status()) EXPECT_LT(core.total.busy, milliseconds(400));
}

TEST(CorePool, AnOverdueProgramLeavesItsCpuToOthers) {
  auto settings = sharing({0, 1}, 1);
  settings.timeout = milliseconds(50);
  CorePool pool(settings);
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  Gate gate;
  auto [lost, lost_done] = execution_of([&](auto) { gate.pass(); });
  auto [other, other_done] = execution_of([](auto) {});
  loaded->submit(0, std::move(lost));
  loaded->submit(0, std::move(other));
  EXPECT_EQ(message_of(other_done), "");
  EXPECT_THAT(message_of(lost_done), HasSubstr("ran past 50 ms"));
  gate.open();
}

TEST(CorePool, AnInjectedStuckTakesNoCpu) {
  CorePool pool(sharing({0, 1}, 1, {{0, "stuck", 1}}));
  const auto on_zero = pool.load(two_programs(), {0}, Placement::kReplicate);
  const auto on_one = pool.load(two_programs(), {1}, Placement::kReplicate);
  auto [stuck, stuck_done] = execution_of([](auto) {});
  const auto ticket = on_zero->submit(0, std::move(stuck));
  auto [other, other_done] = execution_of([](auto) {});
  on_one->submit(0, std::move(other));
  EXPECT_EQ(message_of(other_done), "");
  EXPECT_EQ(stuck_done.wait_for(seconds(0)), std::future_status::timeout);
  ticket->cancel();
}

TEST(CorePool, CoresBoundToOneCpuTakeTurnsOnThat) {
  auto settings = sharing({0, 1, 2}, 2);
  settings.pin = true;
  CorePool pool(settings);
  const auto on_first_cpu = pool.load(two_programs(), {0, 2}, Placement::kReplicate);
  const auto on_second_cpu = pool.load(two_programs(), {1}, Placement::kReplicate);
  Gate gate;
  auto [first, first_done] = execution_of([&](auto) { gate.pass(); });
  auto [second, second_done] = execution_of([](auto) {});
  auto [third, third_done] = execution_of([](auto) {});
  on_first_cpu->submit(0, std::move(first));
  on_first_cpu->submit(0, std::move(second));
  on_second_cpu->submit(0, std::move(third));
  EXPECT_EQ(message_of(third_done), "");
  EXPECT_EQ(second_done.wait_for(milliseconds(30)), std::future_status::timeout);
  gate.open();
  EXPECT_EQ(message_of(second_done), "");
  EXPECT_EQ(message_of(first_done), "");
}

TEST(CorePool, AProgramThatWasNotLoadedIsRefused) {
  CorePool pool(settings_of({0}));
  const auto loaded = pool.load(two_programs(), {}, Placement::kReplicate);
  EXPECT_THROW(loaded->submit(2, execution_of([](auto) {}).first), Error);
}

// A process that ends while a core is stuck must end, and with the status it chose.
TEST(CorePoolExit, AProcessWithAStuckCoreExits) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        setenv("NEURON_RT_VISIBLE_CORES", "0", 1);
        unsetenv("NEURON_RT_NUM_CORES");
        setenv("NEURON_EMU_FAULT", "0:stuck:1", 1);
        static const auto loaded = CorePool::process().load(two_programs(), {}, Placement::kReplicate);
        loaded->submit(0, execution_of([](auto) {}).first);
        std::this_thread::sleep_for(milliseconds(20));
        std::exit(42);
      },
      ::testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace rcnn::engine
