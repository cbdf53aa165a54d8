// SPDX-License-Identifier: MIT
#include "elements/latency_meter.hpp"  // First: proves the header is self-contained.

#include <gtest/gtest.h>

namespace rcnn::elements {
namespace {

constexpr std::uint64_t kMany = 100;

TEST(LatencyMeter, ReportsTheEstimateUntilEnoughFramesWereMeasured) {
  LatencyMeter meter;
  meter.reset(300 * GST_MSECOND);
  EXPECT_FALSE(meter.observe(10 * GST_MSECOND, LatencyMeter::kEnoughFrames - 1, 0));
  EXPECT_EQ(meter.reported(), 300 * GST_MSECOND);
  EXPECT_TRUE(meter.observe(10 * GST_MSECOND, LatencyMeter::kEnoughFrames, 0));
  EXPECT_EQ(meter.reported(), 10 * GST_MSECOND);
}

TEST(LatencyMeter, MovesOnlyByMoreThanAQuarter) {
  LatencyMeter meter;
  meter.reset(100 * GST_MSECOND);
  EXPECT_FALSE(meter.observe(125 * GST_MSECOND, kMany, 0));
  EXPECT_FALSE(meter.observe(75 * GST_MSECOND, kMany, 0));
  EXPECT_EQ(meter.reported(), 100 * GST_MSECOND);
  EXPECT_TRUE(meter.observe(126 * GST_MSECOND, kMany, 0));
  EXPECT_TRUE(meter.observe(94 * GST_MSECOND, kMany, 0));
  EXPECT_EQ(meter.reported(), 94 * GST_MSECOND);
}

TEST(LatencyMeter, IgnoresNoiseBelowAMillisecond) {
  LatencyMeter meter;
  meter.reset(0);
  EXPECT_FALSE(meter.observe(GST_MSECOND, kMany, 0));
  EXPECT_TRUE(meter.observe(GST_MSECOND + 1, kMany, 0));
}

TEST(LatencyMeter, IsDueOnceASecond) {
  LatencyMeter meter;
  meter.reset(0);
  EXPECT_TRUE(meter.due(0));
  meter.observe(5 * GST_MSECOND, kMany, 7 * GST_SECOND);
  EXPECT_FALSE(meter.due(8 * GST_SECOND - 1));
  EXPECT_TRUE(meter.due(8 * GST_SECOND));
  meter.reset(0);
  EXPECT_TRUE(meter.due(0)) << "a new start looks at once";
}

}  // namespace
}  // namespace rcnn::elements
