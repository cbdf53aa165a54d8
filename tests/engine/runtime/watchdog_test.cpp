// SPDX-License-Identifier: MIT
#include "engine/runtime/watchdog.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace rcnn::engine {
namespace {

using std::chrono::milliseconds;
using Clock = Watchdog::Clock;

TEST(Watchdog, LooksAgainWhenTheDeadlineHasComeAndNotBefore) {
  std::promise<Clock::time_point> fired;
  const auto deadline = Clock::now() + milliseconds(40);
  Watchdog watchdog([&](Clock::time_point now) -> std::optional<Clock::time_point> {
    if (now < deadline) return deadline;
    fired.set_value(now);
    return std::nullopt;
  });
  watchdog.start();
  EXPECT_GE(fired.get_future().get(), deadline);
}

TEST(Watchdog, SleepsUntilArmed) {
  std::atomic<int> looks{0};
  std::promise<void> first;
  std::promise<void> second;
  Watchdog watchdog([&](Clock::time_point) -> std::optional<Clock::time_point> {
    const int look = ++looks;
    if (look == 1) first.set_value();
    if (look == 2) second.set_value();
    return std::nullopt;
  });
  watchdog.start();
  first.get_future().wait();
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(looks.load(), 1);
  watchdog.arm(Clock::now());
  second.get_future().wait();
}

TEST(Watchdog, AnEarlierDeadlineWakesItAndALaterOneDoesNot) {
  std::atomic<int> looks{0};
  Watchdog watchdog([&](Clock::time_point now) -> std::optional<Clock::time_point> {
    ++looks;
    return now + std::chrono::hours(1);
  });
  watchdog.start();
  while (looks == 0) std::this_thread::yield();
  watchdog.arm(Clock::now() + std::chrono::hours(2));
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(looks.load(), 1);
  const auto deadline = Clock::now() + milliseconds(30);
  watchdog.arm(deadline);
  for (int i = 0; i < 5000 && looks == 1; ++i) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(looks.load(), 2);
  EXPECT_GE(Clock::now(), deadline);
}

TEST(Watchdog, StopsWhileItSleepsAndMayBeStoppedTwice) {
  std::atomic<int> looks{0};
  Watchdog watchdog([&](Clock::time_point now) {
    ++looks;
    return std::optional(now + std::chrono::hours(1));
  });
  watchdog.start();
  watchdog.stop();
  watchdog.stop();
  const int before = looks;
  watchdog.start();  // Harmless: a stopped one stays stopped.
  watchdog.arm(Clock::now());
  EXPECT_EQ(looks, before);
}

TEST(Watchdog, ArmedBeforeItRunsMissesNothing) {
  std::atomic<int> looks{0};
  Watchdog watchdog([&](Clock::time_point) -> std::optional<Clock::time_point> {
    ++looks;
    return std::nullopt;
  });
  watchdog.arm(Clock::now());
  watchdog.start();
  for (int i = 0; i < 500 && looks == 0; ++i) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_GE(looks.load(), 1);
}

}  // namespace
}  // namespace rcnn::engine
