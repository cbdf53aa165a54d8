// SPDX-License-Identifier: MIT
#include "launch/timed_loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include "tests/launch/launch_support.hpp"

namespace rcnn::launch {
namespace {

using std::chrono::milliseconds;

TEST(TimedLoop, PercentilesAreOfTheTimedIterationsAlone) {
  TimedLoop loop({.warm_ups = 3, .iterations = 100, .line_every = 0}, 1, nullptr);
  for (int i = 0; i < 3; ++i) loop.ended(milliseconds(10000));
  for (int i = 100; i > 0; --i) {
    EXPECT_FALSE(loop.done());
    loop.ended(milliseconds(i));
  }
  EXPECT_TRUE(loop.done());
  loop.ended(milliseconds(10000));  // Was under way by then
  const auto result = loop.result();
  EXPECT_DOUBLE_EQ(result.p50_ms, 50);
  EXPECT_DOUBLE_EQ(result.p95_ms, 95);
  EXPECT_DOUBLE_EQ(result.p99_ms, 99);
  EXPECT_EQ(result.samples, 100);
  EXPECT_EQ(result.spread, std::nullopt) << "nobody asked";
}

TEST(TimedLoop, OneIterationIsItsOwnPercentiles) {
  TimedLoop loop({.warm_ups = 0, .iterations = 1}, 1, nullptr);
  loop.ended(milliseconds(7));
  EXPECT_DOUBLE_EQ(loop.result().p50_ms, 7);
  EXPECT_DOUBLE_EQ(loop.result().p99_ms, 7);
}

// Iterations overlap in a pipeline: the rate is told by the clock on the wall, not by what each one took.
TEST(TimedLoop, ItemsASecondCountFromTheLastWarmUp) {
  TimedLoop loop({.warm_ups = 1, .iterations = 4}, 8, nullptr);
  std::this_thread::sleep_for(milliseconds(200));
  loop.ended(milliseconds(1));
  for (int i = 0; i < 4; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    loop.ended(milliseconds(500));
  }
  EXPECT_LE(loop.result().per_second, 4 * 8 / 0.040);
  EXPECT_GT(loop.result().per_second, 4 * 8 / 0.240);
  EXPECT_DOUBLE_EQ(loop.result().seconds * loop.result().per_second, 4 * 8);
}

/// Iterations of so many milliseconds each, until the loop has enough; the last one stands for the rest.
int run_until_done(TimedLoop& loop, const std::vector<int>& lengths) {
  int count = 0;
  for (; !loop.done(); ++count) {
    const milliseconds length(lengths.at(std::min(static_cast<std::size_t>(count), lengths.size() - 1)));
    std::this_thread::sleep_for(length);
    loop.ended(length);
  }
  return count;
}

TEST(TimedLoop, IterationsAreAddedUntilThirdsAgree) {
  TimedLoop loop({.warm_ups = 0, .iterations = 6, .line_every = 0, .most_spread = 1}, 1, nullptr);
  const int count = run_until_done(loop, {120, 120, 20});  // The third with the first two is far slower.
  EXPECT_GE(count, 8);
  EXPECT_EQ(count % 2, 0) << "by thirds";
  const auto result = loop.result();
  EXPECT_EQ(result.samples, 6);
  EXPECT_DOUBLE_EQ(result.p99_ms, 20) << "the slow ones are no part of it";
  ASSERT_TRUE(result.spread);
  EXPECT_LE(*result.spread, 1);
}

TEST(TimedLoop, WhatNeverAgreesEndsAndSaysSo) {
  TimedLoop loop({.warm_ups = 0, .iterations = 7, .line_every = 0, .most_spread = 1e-9}, 1, nullptr);
  EXPECT_EQ(run_until_done(loop, {1, 2, 3}), 35) << "five times seven, in steps of two";
  EXPECT_GT(loop.result().spread.value_or(0), 1e-9);
}

TEST(TimedLoop, TwoIterationsHaveNoThirds) {
  TimedLoop loop({.warm_ups = 0, .iterations = 2, .line_every = 0, .most_spread = 1e-9}, 1, nullptr);
  EXPECT_EQ(run_until_done(loop, {1, 20}), 2);
  EXPECT_EQ(loop.result().spread, std::nullopt);
}

TEST(TimedLoop, ALineComesAfterEverySoMany) {
  std::ostringstream lines;
  TimedLoop loop({.warm_ups = 10, .iterations = 25, .line_every = 10}, 1, &lines);
  for (int i = 0; i < 35; ++i) loop.ended(milliseconds(5));
  EXPECT_THAT(lines_of(lines.str()),
              ::testing::ElementsAre("warm-up 10/10", "iteration 10/25: 5.00 ms on average",
                                     "iteration 20/25: 5.00 ms on average"));
}

TEST(TimedLoop, LinesSayWhyItGoesOn) {
  std::ostringstream lines;
  TimedLoop loop({.warm_ups = 0, .iterations = 3, .line_every = 2, .most_spread = 1}, 1, &lines);
  run_until_done(loop, {100, 10});
  EXPECT_THAT(lines.str(), ::testing::HasSubstr("iteration 4, until throughput is steady: "));
}

}  // namespace
}  // namespace rcnn::launch
