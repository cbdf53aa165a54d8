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

std::vector<Program> programs_of(const std::string& partition, const tests::TinyModelOptions& options = {}) {
  std::vector<Program> programs;
  std::vector<Node> host;
  cut(build_network(tests::tiny_config(options)), find_partition(partition), programs, host);
  return programs;
}

std::vector<std::string> names_on(const std::vector<Program>& programs, bool on_core) {
  std::vector<std::string> names;
  for (const auto& program : programs) {
    if (program.on_core == on_core) names.push_back(program.graph.name);
  }
  return names;
}

TEST(Partition, MovesTheNetworkOntoCoresStepByStep) {
  const auto backbone = programs_of("backbone");
  EXPECT_THAT(names_on(backbone, true), ElementsAre("backbone"));
  EXPECT_THAT(names_on(backbone, false), ElementsAre("rpn-head", "box-head"));
  EXPECT_THAT(backbone[0].graph.outputs, ElementsAre("p2", "p3", "p4", "p5", "p6"));
  EXPECT_EQ(backbone[1].graph.inputs, backbone[0].graph.outputs);
  EXPECT_EQ(backbone[1].graph.outputs.size(), 10U);

  const auto rpn = programs_of("backbone+rpn-head", {.masks = true});
  EXPECT_THAT(names_on(rpn, true), ElementsAre("backbone", "rpn-head"));
  EXPECT_THAT(names_on(rpn, false), ElementsAre("box-head", "mask-head"));
  EXPECT_THAT(names_on(programs_of("fused"), true), ElementsAre("backbone-rpn"));
  EXPECT_THAT(names_on(programs_of("fused"), false), ElementsAre("box-head"));
  EXPECT_TRUE(names_on(programs_of("fused+box-head", {.masks = true}), false).empty());
}

TEST(Partition, GivesEachLevelOfTheRpnHeadAProgram) {
  const auto programs = programs_of("rpn-levels+box-head", {.masks = true});
  EXPECT_THAT(names_on(programs, true), ElementsAre("backbone", "rpn-head-p2", "rpn-head-p3", "rpn-head-p4",
                                                    "rpn-head-p5", "rpn-head-p6", "box-head", "mask-head"));
  EXPECT_TRUE(names_on(programs, false).empty());
  EXPECT_THAT(programs[2].graph.inputs, ElementsAre("p3"));
  EXPECT_THAT(programs[2].graph.outputs, ElementsAre("rpn_logits_p3", "rpn_deltas_p3"));
  EXPECT_THAT(names_on(programs_of("rpn-levels+box-head", {.load_proposals = true}), true),
              ElementsAre("backbone", "box-head"));
}

TEST(Partition, ANetworkWithoutRpnHasNoProgramForIt) {
  const auto programs = programs_of("backbone", {.load_proposals = true});
  EXPECT_THAT(names_on(programs, true), ElementsAre("backbone"));
  EXPECT_THAT(names_on(programs, false), ElementsAre("box-head"));
  const auto fused = programs_of("fused+box-head", {.load_proposals = true});
  EXPECT_THAT(fused[0].graph.outputs, ElementsAre("p2", "p3", "p4", "p5", "p6"));
}

TEST(Partition, PlacesOperatorsWhereTheirProgramRuns) {
  Node fc;
  fc.name = "roi_heads.box_head.fc1";
  fc.kind = OpKind::kLinear;
  EXPECT_EQ(place(find_partition("fused+box-head"), fc), "box-head");
  EXPECT_EQ(place(find_partition("fused"), fc), "host");
  EXPECT_TRUE(runs_on_core(find_partition("fused"), "backbone-rpn"));
  EXPECT_FALSE(runs_on_core(find_partition("fused"), "box-head"));
  EXPECT_THROW(runs_on_core(find_partition("fused"), "rpn-head"), ModelError);
}

TEST(Partition, RefusesAnUnknownNameListingThoseThereAre) {
  EXPECT_THAT(partition_names(), ElementsAre("host", "backbone", "backbone+rpn-head", "fused",
                                             "fused+box-head", "rpn-levels+box-head"));
  try {
    find_partition("everything");
    FAIL() << "accepted";
  } catch (const SettingError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'everything'"));
    EXPECT_THAT(error.what(), HasSubstr("fused+box-head"));
  }
}

TEST(Partition, RefusesToForgetAnOperator) {
  const Partition backbone_only{"backbone", {{"backbone", {"backbone."}}}};
  std::vector<Program> programs;
  std::vector<Node> host;
  EXPECT_THROW(cut(build_network(tests::tiny_config()), backbone_only, programs, host), ModelError);
}

}  // namespace
}  // namespace rcnn::engine
