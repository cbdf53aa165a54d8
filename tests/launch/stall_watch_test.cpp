// SPDX-License-Identifier: MIT
#include "launch/stall_watch.hpp"

#include <gtest/gtest.h>

namespace rcnn::launch {
namespace {

using std::chrono::milliseconds;

TEST(StallWatch, CountsWhileNothingMoves) {
  StallWatch::Clock::time_point now;
  StallWatch watch(now);
  for (int i = 0; i < 5; ++i) watch.look(0, now += milliseconds(100));
  EXPECT_EQ(watch.still(), milliseconds(500));
  watch.look(1, now += milliseconds(100));
  EXPECT_EQ(watch.still(), milliseconds(0));
  watch.look(1, now += milliseconds(100));
  EXPECT_EQ(watch.still(), milliseconds(100));
  watch.forget();
  EXPECT_EQ(watch.still(), milliseconds(0));
}

TEST(StallWatch, ASuspendedProcessHasNotWaited) {
  const StallWatch::Clock::time_point now;
  StallWatch watch(now);
  watch.look(0, now + std::chrono::hours(1));
  EXPECT_EQ(watch.still(), std::chrono::seconds(1));
}

}  // namespace
}  // namespace rcnn::launch
