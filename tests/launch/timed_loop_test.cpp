// SPDX-License-Identifier: MIT
#include "launch/timed_loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>

#include "tests/launch/launch_support.hpp"

namespace rcnn::launch {
namespace {

using std::chrono::milliseconds;

TEST(TimedLoop, PercentilesAreOfTheTimedIterationsAlone) {
  TimedLoop loop({.warm_ups = 3, .iterations = 100, .line_every = 0}, 1, nullptr);
  EXPECT_EQ(loop.iterations(), 103);
  for (int i = 0; i < 3; ++i) loop.ended(milliseconds(10000));
  for (int i = 100; i > 0; --i) loop.ended(milliseconds(i));
  const auto result = loop.result();
  EXPECT_DOUBLE_EQ(result.p50_ms, 50);
  EXPECT_DOUBLE_EQ(result.p95_ms, 95);
  EXPECT_DOUBLE_EQ(result.p99_ms, 99);
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
}

TEST(TimedLoop, ALineComesAfterEverySoMany) {
  std::ostringstream lines;
  TimedLoop loop({.warm_ups = 10, .iterations = 25, .line_every = 10}, 1, &lines);
  for (int i = 0; i < 35; ++i) loop.ended(milliseconds(5));
  EXPECT_THAT(lines_of(lines.str()),
              ::testing::ElementsAre("warm-up 10/10", "iteration 10/25: 5.00 ms on average",
                                     "iteration 20/25: 5.00 ms on average"));
}

}  // namespace
}  // namespace rcnn::launch
