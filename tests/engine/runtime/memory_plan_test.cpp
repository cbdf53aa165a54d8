// SPDX-License-Identifier: MIT
#include "engine/runtime/memory_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace rcnn::engine {
namespace {

TEST(PlanMemory, SharesMemoryBetweenBuffersThatNeverMeet) {
  // A chain: each buffer is read by the step that writes the next, so two are alive at a time.
  std::vector<Lifetime> chain;
  for (int i = 0; i < 10; ++i) chain.push_back({1024, i, i + 1});
  EXPECT_EQ(plan_memory(chain).bytes, 2048U);
}

TEST(PlanMemory, FillsGapsBelowLargeBuffers) {
  const std::vector<Lifetime> buffers{{4096, 0, 1}, {4096, 1, 2}, {64, 3, 9}, {2048, 4, 5}};
  const auto plan = plan_memory(buffers);
  EXPECT_EQ(plan.bytes, 8192U);
}

TEST(PlanMemory, NeverOverlapsBuffersThatMeet) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<Lifetime> buffers(40);
    for (auto& buffer : buffers) {
      buffer = {random() % 5000 + 1, static_cast<int>(random() % 30), 0};
      buffer.last = buffer.first + static_cast<int>(random() % 10);
    }
    const auto plan = plan_memory(buffers);
    std::size_t peak = 0;
    for (int step = 0; step < 40; ++step) {
      std::size_t alive = 0;
      for (const auto& buffer : buffers)
        alive += buffer.first <= step && step <= buffer.last ? buffer.bytes : 0;
      peak = std::max(peak, alive);
    }
    EXPECT_GE(plan.bytes, peak);
    EXPECT_LE(plan.bytes, 2 * peak + 64 * buffers.size());
    for (std::size_t a = 0; a < buffers.size(); ++a) {
      EXPECT_EQ(plan.offsets[a] % 64, 0U);
      EXPECT_LE(plan.offsets[a] + buffers[a].bytes, plan.bytes);
      for (std::size_t b = a + 1; b < buffers.size(); ++b) {
        if (buffers[a].first > buffers[b].last || buffers[b].first > buffers[a].last) continue;
        const bool apart = plan.offsets[a] + buffers[a].bytes <= plan.offsets[b] ||
                           plan.offsets[b] + buffers[b].bytes <= plan.offsets[a];
        EXPECT_TRUE(apart) << a << " and " << b;
      }
    }
  }
}

TEST(PlanMemory, OfNothingIsEmpty) { EXPECT_EQ(plan_memory({}).bytes, 0U); }

}  // namespace
}  // namespace rcnn::engine
