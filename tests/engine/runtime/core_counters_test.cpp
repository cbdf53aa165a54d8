// SPDX-License-Identifier: MIT
#include "engine/runtime/core_counters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rcnn::engine {
namespace {

using std::chrono::milliseconds;
using ::testing::Each;
using ::testing::ElementsAre;

TEST(LatencyPercentiles, OfTheNumbersZeroToHundredAreTheirRanks) {
  std::vector<float> values;
  for (int i = 100; i >= 0; --i) values.push_back(static_cast<float>(i));
  EXPECT_THAT(latency_percentiles(values), ElementsAre(0, 1, 25, 50, 75, 99, 100));
}

TEST(LatencyPercentiles, OfNothingAreZero) { EXPECT_THAT(latency_percentiles({}), Each(0)); }

TEST(CounterRecorder, ForgetsWhatIsOlderThanItsWindow) {
  CounterRecorder recorder;
  for (int i = 0; i < 10; ++i) recorder.finished(milliseconds(900));
  for (std::size_t i = 0; i < CounterRecorder::kWindow; ++i) recorder.finished(milliseconds(5));
  const auto counters = recorder.snapshot();
  EXPECT_EQ(counters.executions, CounterRecorder::kWindow + 10);
  EXPECT_THAT(counters.latency_ms, Each(5));
}

TEST(CounterRecorder, CountsKindsApart) {
  CounterRecorder recorder;
  recorder.failed();
  recorder.timed_out();
  recorder.timed_out();
  recorder.occupied(milliseconds(7));
  const auto counters = recorder.snapshot();
  EXPECT_EQ(counters.executions, 0U);
  EXPECT_EQ(counters.failures, 1U);
  EXPECT_EQ(counters.timeouts, 2U);
  EXPECT_EQ(counters.busy, milliseconds(7));
}

}  // namespace
}  // namespace rcnn::engine
