// SPDX-License-Identifier: MIT
#include "engine/ops/joined_name.hpp"

#include <gtest/gtest.h>

namespace rcnn::engine {
namespace {

TEST(JoinedName, SaysOnceWhatBothHaveInCommonInWholeParts) {
  EXPECT_EQ(joined_name("rpn_head.logits.p2", "rpn_head.deltas.p2"), "rpn_head.logits+deltas.p2");
  EXPECT_EQ(joined_name("backbone.stem.conv1", "backbone.stem.pool"), "backbone.stem.conv1+pool");
  EXPECT_EQ(joined_name("backbone.fpn_lateral2", "backbone.fpn_output2"),
            "backbone.fpn_lateral2+fpn_output2");
  EXPECT_EQ(joined_name("a", "b"), "a+b");
  EXPECT_EQ(joined_name("head.conv.p2", "other.conv.p2"), "head+other.conv.p2");
}

TEST(JoinedName, NeitherNameMayBeAPartOfTheOther) {
  EXPECT_EQ(joined_name("a.b", "a.b.c"), "a.b+b.c");
  EXPECT_EQ(joined_name("a.b", "a.b"), "a.b+b");
}

}  // namespace
}  // namespace rcnn::engine
