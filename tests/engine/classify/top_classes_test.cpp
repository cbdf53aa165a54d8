// SPDX-License-Identifier: MIT
#include "engine/classify/top_classes.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

TEST(TopClasses, AreTheSoftmaxBestFirst) {
  const std::vector<float> logits{0, std::log(2.f), std::log(5.f), 0};
  const auto top = top_classes(logits, 3);
  ASSERT_EQ(top.size(), 3U);
  EXPECT_EQ(top[0].index, 2);
  EXPECT_NEAR(top[0].score, 5.0 / 9, 1e-6);
  EXPECT_EQ(top[1].index, 1);
  EXPECT_EQ(top[2].index, 0);  // Before its equal, class 3
  EXPECT_NEAR(top[2].score, 1.0 / 9, 1e-6);
  EXPECT_EQ(top_classes(logits, 9).size(), 4U);
}

TEST(TopClasses, HugeLogitsDoNotOverflow) {
  const auto top = top_classes(std::vector<float>{1e30f, -1e30f}, 2);
  EXPECT_EQ(top[0].score, 1.f);
  EXPECT_EQ(top[1].score, 0.f);
}

TEST(TopClasses, RefusesWhatIsNotFinite) {
  EXPECT_THROW(top_classes(std::vector<float>{0, std::numeric_limits<float>::quiet_NaN()}, 1), ModelError);
  EXPECT_THROW(top_classes(std::vector<float>{std::numeric_limits<float>::infinity()}, 1), ModelError);
}

}  // namespace
}  // namespace rcnn::engine
