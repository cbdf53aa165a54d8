// SPDX-License-Identifier: MIT
#include "pipeline/recent_cache.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace rcnn::pipeline {
namespace {

TEST(RecentCache, MakesAValueOnceAndDropsTheOneUsedLongestAgo) {
  RecentCache<int, int> cache(2);
  int made = 0;
  const auto get = [&](int key) {
    return *cache.get(key, [&] {
      ++made;
      return std::make_shared<const int>(key * 10);
    });
  };
  EXPECT_EQ(get(1), 10);
  EXPECT_EQ(get(2), 20);
  EXPECT_EQ(get(1), 10);
  EXPECT_EQ(made, 2);
  EXPECT_EQ(get(3), 30);  // 2 goes: 1 was used since.
  EXPECT_EQ(get(1), 10);
  EXPECT_EQ(made, 3);
  EXPECT_EQ(get(2), 20);
  EXPECT_EQ(made, 4);
}

TEST(RecentCache, AFailureLeavesNothingBehind) {
  RecentCache<int, int> cache(2);
  EXPECT_THROW(cache.get(1, []() -> std::shared_ptr<const int> { throw std::runtime_error("no"); }),
               std::runtime_error);
  EXPECT_EQ(*cache.get(1, [] { return std::make_shared<const int>(7); }), 7);
}

}  // namespace
}  // namespace rcnn::pipeline
