// SPDX-License-Identifier: MIT
#include "engine/rcnn/kept_boxes.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/instruction_sets.hpp"
#include "tests/engine/rcnn/reference/nms.hpp"
#include "tests/engine/rcnn/reference/random_boxes.hpp"

namespace rcnn::engine {
namespace {

TEST(KeptBoxes, NothingKeptSuppressesNothing) { EXPECT_FALSE(KeptBoxes(0.F).suppress({0, 0, 9, 9})); }

// Counts around a register's and a group's width: unused places must not speak.
TEST(KeptBoxes, AnswersAsTheSlowTwinWithEveryInstructionSet) {
  const auto boxes = tests::clumped_boxes(200, 21);
  tests::with_each_instruction_set([&] {
    for (const std::size_t count : {1U, 3U, 4U, 5U, 8U, 15U, 16U, 17U, 33U}) {
      KeptBoxes kept(0.5F);
      for (std::size_t i = 0; i < count; ++i) kept.add(boxes[i]);
      for (const auto& box : boxes) {
        const bool expected = std::any_of(boxes.begin(), boxes.begin() + static_cast<std::ptrdiff_t>(count),
                                          [&](const Box& each) { return tests::iou(each, box) > 0.5F; });
        ASSERT_EQ(kept.suppress(box), expected) << count;
      }
    }
  });
}

TEST(KeptBoxes, ANegativeThresholdIsOverByAnyBoxAtAll) {
  KeptBoxes kept(-1.F);
  kept.add({0, 0, 1, 1});
  EXPECT_TRUE(kept.suppress({50, 50, 60, 60}));
}

}  // namespace
}  // namespace rcnn::engine
