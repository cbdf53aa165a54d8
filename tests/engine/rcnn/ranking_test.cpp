// SPDX-License-Identifier: MIT
#include "engine/rcnn/ranking.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/engine/rcnn/reference/random_boxes.hpp"

namespace rcnn::engine {
namespace {

using ::testing::ElementsAre;

TEST(RankOf, OrdersAsScoresDoAndPutsTheLowerIndexFirst) {
  const std::vector<float> rising{-std::numeric_limits<float>::infinity(),
                                  -3e38F,
                                  -1.F,
                                  -1e-40F,
                                  0.F,
                                  1e-40F,
                                  2.F,
                                  std::numeric_limits<float>::infinity(),
                                  std::numeric_limits<float>::quiet_NaN()};
  for (std::size_t i = 1; i < rising.size(); ++i)
    EXPECT_LT(rank_of(rising[i - 1], 0), rank_of(rising[i], 9)) << i;
  EXPECT_GT(rank_of(1.F, 3), rank_of(1.F, 4));
  EXPECT_GT(rank_of(-0.F, 3), rank_of(0.F, 4));
  EXPECT_EQ(index_of(rank_of(-7.F, 123456)), 123456U);
}

TEST(TopK, EqualsAFullStableSort) {
  for (const std::size_t size : {0U, 1U, 13U, 127U, 5000U}) {
    const auto scores = tests::tied_scores(size, 7, size > 200 ? 2000 : 9);
    std::vector<std::size_t> sorted(size);
    std::iota(sorted.begin(), sorted.end(), 0);
    std::stable_sort(sorted.begin(), sorted.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
    for (const std::size_t count : {0U, 1U, 12U, 13U, 1000U, 9000U}) {
      const auto expected = std::vector<std::size_t>(
          sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(std::min(count, size)));
      EXPECT_EQ(top_k(scores, count), expected) << size << " " << count;
    }
  }
}

TEST(TopK, EqualScoresComeInIndexOrder) {
  const std::vector<float> same(5000, -2.5F);
  EXPECT_THAT(top_k(same, 4), ElementsAre(0, 1, 2, 3));
}

}  // namespace
}  // namespace rcnn::engine
