// SPDX-License-Identifier: MIT
#include "engine/compile/partition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Partition, CutsTheNetworkAtThePooler) {
  const auto network = build_network(tests::tiny_config());
  std::vector<Program> programs;
  std::vector<Node> host;
  cut(network, find_partition("fused+box-head"), programs, host);
  ASSERT_EQ(programs.size(), 2U);
  EXPECT_EQ(programs[0].graph.name, "backbone-rpn");
  EXPECT_THAT(programs[0].graph.inputs, ElementsAre("image"));
  EXPECT_THAT(programs[0].graph.outputs,
              ElementsAre("p2", "p3", "p4", "p5", "p6", "rpn_logits_p2", "rpn_logits_p3", "rpn_logits_p4",
                          "rpn_logits_p5", "rpn_logits_p6", "rpn_deltas_p2", "rpn_deltas_p3", "rpn_deltas_p4",
                          "rpn_deltas_p5", "rpn_deltas_p6"));
  EXPECT_THAT(programs[1].graph.inputs, ElementsAre("pooled"));
  EXPECT_THAT(programs[1].graph.outputs, ElementsAre("class_logits", "box_deltas"));
  ASSERT_EQ(host.size(), 4U);
  EXPECT_EQ(network.nodes.size(),
            programs[0].graph.nodes.size() + programs[1].graph.nodes.size() + host.size());
}

TEST(Partition, GivesAMaskHeadAProgram) {
  std::vector<Program> programs;
  std::vector<Node> host;
  cut(build_network(tests::tiny_config({.masks = true})), find_partition("fused+box-head"), programs, host);
  ASSERT_EQ(programs.size(), 3U);
  EXPECT_EQ(programs[2].graph.name, "mask-head");
  EXPECT_THAT(programs[2].graph.inputs, ElementsAre("mask_pooled", "mask_classes"));
  EXPECT_THAT(programs[2].graph.outputs, ElementsAre("mask_probabilities"));
  EXPECT_EQ(host.size(), 6U);
}

TEST(Partition, RefusesAnUnknownNameListingThoseThereAre) {
  EXPECT_THAT(partition_names(), ElementsAre("fused+box-head"));
  try {
    find_partition("everything");
    FAIL() << "accepted";
  } catch (const SettingError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'everything'"));
    EXPECT_THAT(error.what(), HasSubstr("fused+box-head"));
  }
}

TEST(Partition, RefusesToLeaveACoresWorkToTheHost) {
  const Partition backbone_only{"backbone", {{"backbone", {"backbone."}}}};
  std::vector<Program> programs;
  std::vector<Node> host;
  EXPECT_THROW(cut(build_network(tests::tiny_config()), backbone_only, programs, host), ModelError);
}

}  // namespace
}  // namespace rcnn::engine
