// SPDX-License-Identifier: MIT
#include "engine/quantize/histogram_tap.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace rcnn::engine {
namespace {

TEST(HistogramTap, AddsUpTheRunsOfAllThreads) {
  HistogramTap tap({"a", "never"});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&tap] {
      for (int run = 0; run < 50; ++run) {
        const auto visitor = tap.begin("program");
        visitor->visit("a", Format({3}, Layout::kRowMajor), std::vector<float>{1, 2, 0});
        visitor->visit("b", Format({1}, Layout::kRowMajor), std::vector<float>{5});
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(tap.histograms().size(), 1U) << "of the values asked for, those met";
  const auto& histogram = tap.histograms().at("a");
  EXPECT_EQ(histogram.zeros(), 200U);
  EXPECT_EQ(histogram.largest(), 2);
  EXPECT_DOUBLE_EQ(histogram.sum_of_squares(), 200 * 5);
}

}  // namespace
}  // namespace rcnn::engine
