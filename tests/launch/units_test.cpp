// SPDX-License-Identifier: MIT
#include "launch/units.hpp"

#include <gtest/gtest.h>

namespace rcnn::launch {
namespace {

TEST(Units, BytesInBinarySteps) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(167.0 * 1024 * 1024), "167.0 MiB");
}

TEST(Units, CountsKeepThreeFigures) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(950), "950");
  EXPECT_EQ(format_count(1000), "1.00 k");
  EXPECT_EQ(format_count(41.76e6), "41.8 M");
  EXPECT_EQ(format_count(234.1e9), "234 G");
  EXPECT_EQ(format_count(999.9e6), "1.00 G");
}

TEST(Units, SecondsChangeFormWithLength) {
  EXPECT_EQ(format_seconds(0.0123), "12 ms");
  EXPECT_EQ(format_seconds(12.34), "12.3 s");
  EXPECT_EQ(format_seconds(245), "4 min 05 s");
}

TEST(Units, PercentAndPlural) {
  EXPECT_EQ(format_percent(0), "0 %");
  EXPECT_EQ(format_percent(0.005), "0.5 %");
  EXPECT_EQ(format_percent(0.983), "98 %");
  EXPECT_EQ(format_percent(0.0004), "<0.1 %");
  EXPECT_EQ(format_percent(0.9996), ">99 %");
  EXPECT_EQ(format_percent(1), "100 %");
  EXPECT_EQ(plural(1, "image"), "1 image");
  EXPECT_EQ(plural(0, "image"), "0 images");
}

}  // namespace
}  // namespace rcnn::launch
