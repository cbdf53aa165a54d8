// SPDX-License-Identifier: MIT
#include "pipeline/parallel.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <tbb/task_arena.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace rcnn::pipeline {
namespace {

TEST(ParallelRanges, CoversEveryIndexOnceForAwkwardSizes) {
  for (const std::size_t count : {0U, 1U, 2U, 13U, 127U, 1000U, 4097U}) {
    for (const std::size_t grain : {0U, 1U, 7U, 32U, 5000U}) {
      std::vector<std::atomic<int>> seen(count);
      parallel_ranges(count, grain, [&](std::size_t begin, std::size_t end) {
        EXPECT_LT(begin, end);
        for (auto i = begin; i < end; ++i) ++seen.at(i);
      });
      for (const auto& times : seen) EXPECT_EQ(times.load(), 1);
    }
  }
}

TEST(ParallelRanges, ResultsAreSeenByTheCallerWithoutFurtherSynchronisation) {
  std::vector<int> plain(10000, 0);  // TSan watches these.
  parallel_ranges(plain.size(), 16, [&](std::size_t begin, std::size_t end) {
    for (auto i = begin; i < end; ++i) plain[i] = static_cast<int>(i);
  });
  for (std::size_t i = 0; i < plain.size(); ++i) ASSERT_EQ(plain[i], static_cast<int>(i));
}

TEST(ParallelRanges, RethrowsWhatABodyThrew) {
  const auto fail = [](std::size_t begin, std::size_t end) {
    if (begin <= 50 && 50 < end) throw std::runtime_error("range of 50");
  };
  EXPECT_THROW(parallel_ranges(100, 8, fail), std::runtime_error);
  std::atomic<std::size_t> sum{0};  // The arena goes on working.
  parallel_ranges(100, 8, [&](std::size_t begin, std::size_t end) { sum += end - begin; });
  EXPECT_EQ(sum.load(), 100U);
}

TEST(ParallelRanges, Nests) {
  std::atomic<int> sum{0};
  parallel_ranges(8, 1, [&](std::size_t, std::size_t) {
    parallel_ranges(8, 1, [&](std::size_t begin, std::size_t end) { sum += static_cast<int>(end - begin); });
  });
  EXPECT_GE(sum.load(), 8 * 1);
  EXPECT_EQ(sum.load() % 8, 0);
}

TEST(ParallelRanges, ServesManyThreadsFromOutsideAtOnce) {
  std::atomic<int> sum{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 6; ++i) {
    callers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        parallel_ranges(64, 4,
                        [&](std::size_t begin, std::size_t end) { sum += static_cast<int>(end - begin); });
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(sum.load(), 6 * 50 * 64);
}

TEST(RunInArena, RunsInAnArenaOfAllCpus) {
  int workers = 0;
  run_in_arena([&] { workers = tbb::this_task_arena::max_concurrency(); });
  EXPECT_EQ(workers, tbb::info::default_concurrency());
}

TEST(EnqueueInArena, DoesNotWaitForWhatItHandsOver) {
  std::promise<void> open;
  std::promise<int> result;
  enqueue_in_arena([&, gate = std::make_shared<std::future<void>>(open.get_future())] {
    gate->wait();
    result.set_value(42);
  });
  open.set_value();
  EXPECT_EQ(result.get_future().get(), 42);
}

// TBB reads the CPUs a process may use when it starts, so this needs a process of its own.
TEST(RunInArenaDeathTest, WorksOnASingleCpu) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        cpu_set_t one;
        CPU_ZERO(&one);
        cpu_set_t allowed;
        sched_getaffinity(0, sizeof(allowed), &allowed);
        int cpu = 0;
        while (!CPU_ISSET(cpu, &allowed)) ++cpu;
        CPU_SET(cpu, &one);
        sched_setaffinity(0, sizeof(one), &one);
        alarm(20);  // A hang ends as a signal.
        std::atomic<int> sum{0};
        parallel_ranges(100, 1,
                        [&](std::size_t begin, std::size_t end) { sum += static_cast<int>(end - begin); });
        std::exit(sum == 100 ? 42 : 1);
      },
      ::testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace rcnn::pipeline
