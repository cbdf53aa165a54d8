// SPDX-License-Identifier: MIT
#include "elements/latest_job.hpp"  // First: proves the header is self-contained.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

namespace rcnn::elements {
namespace {

using std::chrono::milliseconds;

// A job that says that it has begun and goes on when told.
class HeldJob {
 public:
  LatestJob::Job job() {
    return [this] {
      begun_.set_value();
      may_end_.get_future().wait();
      ended = true;
    };
  }
  void wait_until_begun() { begun_.get_future().wait(); }
  void release() { may_end_.set_value(); }
  std::atomic<bool> ended = false;

 private:
  std::promise<void> begun_;
  std::promise<void> may_end_;
};

TEST(LatestJob, RunsOnlyTheLatestOfThoseThatWait) {
  HeldJob first;
  std::atomic<int> second = 0;
  std::promise<void> third;
  LatestJob jobs;
  jobs.ask(first.job());
  first.wait_until_begun();
  jobs.ask([&] { ++second; });
  jobs.ask([&] { third.set_value(); });
  first.release();
  third.get_future().wait();
  EXPECT_TRUE(first.ended);
  EXPECT_EQ(second, 0);
}

TEST(LatestJob, RunsAnotherAfterTheLastOneHasEnded) {
  LatestJob jobs;
  for (int i = 0; i < 100; ++i) {
    std::promise<int> ran;
    jobs.ask([&, i] { ran.set_value(i); });
    EXPECT_EQ(ran.get_future().get(), i);
  }
}

TEST(LatestJob, FinishWaitsForTheOneUnderWayAndDropsTheNext) {
  HeldJob first;
  std::atomic<int> second = 0;
  LatestJob jobs;
  jobs.ask(first.job());
  first.wait_until_begun();
  jobs.ask([&] { ++second; });
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(50));
    first.release();
  });
  jobs.finish();
  EXPECT_TRUE(first.ended);
  later.join();
  EXPECT_EQ(second, 0);
  jobs.finish();  // Nothing to wait for.
}

TEST(LatestJob, MayBeFinishedAndDestroyedByItsOwnJob) {
  struct Owner {
    LatestJob jobs;
    std::promise<void> destroyed;
    ~Owner() { destroyed.set_value(); }
  };
  auto owner = std::make_shared<Owner>();
  auto destroyed = owner->destroyed.get_future();
  std::promise<void> go;
  LatestJob& jobs = owner->jobs;
  jobs.ask([owner, going = std::make_shared<std::future<void>>(go.get_future())] {
    going->wait();
    owner->jobs.finish();
  });
  owner.reset();
  go.set_value();  // The job holds the last reference.
  EXPECT_EQ(destroyed.wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST(LatestJob, TakesJobsFromManyThreads) {
  LatestJob jobs;
  std::atomic<int> inside = 0;
  std::atomic<bool> met = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        jobs.ask([&] {
          met = met || ++inside != 1;
          --inside;
        });
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  jobs.finish();
  EXPECT_FALSE(met) << "one at a time";
}

}  // namespace
}  // namespace rcnn::elements
