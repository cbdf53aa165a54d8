// SPDX-License-Identifier: MIT
#include "engine/rcnn/given_proposals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rcnn::engine {
namespace {

using ::testing::ElementsAre;

constexpr NetworkFrame kFrame{.scale_x = 2, .scale_y = 0.5F, .width = 200, .height = 50};

TEST(GivenProposals, AreScaledClippedAndSorted) {
  const std::vector<Proposal> given{{{10, 20, 30, 40}, -1}, {{90, 80, 120, 110}, 3}, {{-5, -6, 7, 8}, 2}};
  EXPECT_THAT(fit_proposals(given, kFrame, 10),
              ElementsAre(Proposal{{180, 40, 200, 50}, 3}, Proposal{{0, 0, 14, 4}, 2},
                          Proposal{{20, 10, 60, 20}, -1}));
}

// The best ones are counted once the empty ones are gone: an empty box must not take the place of a good one.
TEST(GivenProposals, EmptyOnesGoBeforeTheBestAreCounted) {
  const std::vector<Proposal> given{{{100, 0, 120, 10}, 9},  // Right of the frame
                                    {{10, 10, 10, 20}, 8},   // Without width
                                    {{30, 10, 20, 20}, 7},   // Turned round
                                    {{0, 0, 10, 10}, 1},    {{0, 0, 20, 20}, 2}, {{0, 0, 30, 30}, 0}};
  EXPECT_THAT(fit_proposals(given, kFrame, 2),
              ElementsAre(Proposal{{0, 0, 40, 10}, 2}, Proposal{{0, 0, 20, 5}, 1}));
}

TEST(GivenProposals, EqualLogitsKeepTheirOrder) {
  const std::vector<Proposal> given{{{0, 0, 1, 1}, 1}, {{0, 0, 2, 2}, 1}, {{0, 0, 3, 4}, 1}};
  EXPECT_THAT(fit_proposals(given, {.width = 10, .height = 10}, 2), ElementsAre(given[0], given[1]));
}

TEST(GivenProposals, NoneGiveNone) {
  EXPECT_TRUE(fit_proposals({}, kFrame, 1000).empty());
  const std::vector<Proposal> given{{{0, 0, 1, 1}, 1}};
  EXPECT_TRUE(fit_proposals(given, kFrame, 0).empty());
}

}  // namespace
}  // namespace rcnn::engine
