// SPDX-License-Identifier: MIT
#include "pipeline/graph_statistics.hpp"

#include <gtest/gtest.h>

namespace rcnn::pipeline {
namespace {

using std::chrono::nanoseconds;

TEST(GraphStatistics, PercentilesAreRanksOfTheWindow) {
  GraphStatistics statistics;
  for (int i = 0; i < 5000; ++i)
    statistics.left_reorder(nanoseconds(1'000'000));  // Out of the window in the end
  for (std::size_t i = 0; i < GraphStatistics::kWindow; ++i) {
    statistics.left_reorder(nanoseconds(static_cast<std::int64_t>(i)));
  }
  const auto counters = statistics.snapshot();
  EXPECT_EQ(counters.latency_p50_ns, 512U);
  EXPECT_EQ(counters.latency_p95_ns, 972U);
  EXPECT_EQ(counters.latency_p99_ns, 1013U);
}

TEST(GraphStatistics, CountsFramesThatFailedAmongThoseThatLeft) {
  GraphStatistics statistics;
  EXPECT_EQ(statistics.snapshot().latency_p50_ns, 0U);
  for (int i = 0; i < 3; ++i) statistics.entered();
  statistics.popped(false);
  statistics.popped(true);
  const auto counters = statistics.snapshot();
  EXPECT_EQ(counters.in, 3U);
  EXPECT_EQ(counters.out, 2U);
  EXPECT_EQ(counters.failed, 1U);
}

}  // namespace
}  // namespace rcnn::pipeline
