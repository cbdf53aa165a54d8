// SPDX-License-Identifier: MIT
#include "engine/model/graph.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/errors.hpp"
#include "engine/model/graph_shapes.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

using ::testing::HasSubstr;

ModelConfig fpn_config(int depth) {
  ModelConfig config;
  config.resnet.depth = depth;
  config.anchors.sizes = {{32}, {64}, {128}, {256}, {512}};
  config.anchors.aspect_ratios.assign(5, {0.5f, 1.f, 2.f});
  return config;
}

struct ZooCase {
  const char* name;
  int depth;
  int groups;
  int width;
  bool stride_in_1x1;
  bool masks = false;
  bool keypoints = false;
};

class ZooParameters : public ::testing::TestWithParam<ZooCase> {};

// The lists were taken from Detectron2's own models: a name or a shape that differs means weights that do not
// load.
TEST_P(ZooParameters, AreDetectron2s) {
  const auto& zoo = GetParam();
  const auto file = tests::shared_file(std::string("golden/shapes/") + zoo.name + ".json");
  RCNN_SKIP_WITHOUT(file);
  std::ifstream stream(file);
  const auto expected = nlohmann::json::parse(stream).get<std::map<std::string, Shape>>();

  auto config = fpn_config(zoo.depth);
  config.resnet.num_groups = zoo.groups;
  config.resnet.width_per_group = zoo.width;
  config.resnet.stride_in_1x1 = zoo.stride_in_1x1;
  config.mask_on = zoo.masks;
  config.keypoint_on = zoo.keypoints;
  if (zoo.keypoints) config.box_head.num_classes = 1;
  std::map<std::string, Shape> ours;
  for (const auto& parameter : network_parameters(build_network(config), config)) {
    EXPECT_TRUE(ours.emplace(parameter.name, parameter.shape).second) << parameter.name << " is listed twice";
  }
  EXPECT_EQ(ours, expected);
}

INSTANTIATE_TEST_SUITE_P(Zoo, ZooParameters,
                         ::testing::Values(ZooCase{"faster_rcnn_R_50_FPN_3x", 50, 1, 64, true},
                                           ZooCase{"faster_rcnn_R_101_FPN_3x", 101, 1, 64, true},
                                           ZooCase{"faster_rcnn_X_101_32x8d_FPN_3x", 101, 32, 8, false},
                                           ZooCase{"mask_rcnn_R_50_FPN_3x", 50, 1, 64, true, true},
                                           ZooCase{"mask_rcnn_R_101_FPN_3x", 101, 1, 64, true, true},
                                           ZooCase{"keypoint_rcnn_R_50_FPN_3x", 50, 1, 64, true, false, true}));

const Node& node_of(const Graph& graph, const std::string& name) {
  for (const auto& node : graph.nodes) {
    if (node.name == name) return node;
  }
  throw std::runtime_error("no operator " + name);
}

TEST(BuildNetwork, PutsTheStrideOfABottleneckWhereTheConfigSays) {
  auto config = fpn_config(50);
  EXPECT_EQ(node_of(build_network(config), "backbone.bottom_up.res3.0.conv1").stride, 2);
  EXPECT_EQ(node_of(build_network(config), "backbone.bottom_up.res3.0.conv2").stride, 1);
  config.resnet.stride_in_1x1 = false;
  EXPECT_EQ(node_of(build_network(config), "backbone.bottom_up.res3.0.conv1").stride, 1);
  EXPECT_EQ(node_of(build_network(config), "backbone.bottom_up.res3.0.conv2").stride, 2);
}

TEST(BuildNetwork, BasicBlocksHaveAShortcutOnlyWhereChannelsDiffer) {
  auto config = fpn_config(18);
  config.resnet.res2_out_channels = 64;
  std::vector<std::string> shortcuts;
  for (const auto& node : build_network(config).nodes) {
    if (node.name.ends_with(".shortcut")) shortcuts.push_back(node.name);
  }
  EXPECT_THAT(shortcuts, ::testing::ElementsAre("backbone.bottom_up.res3.0.shortcut",
                                                "backbone.bottom_up.res4.0.shortcut",
                                                "backbone.bottom_up.res5.0.shortcut"));
}

TEST(BuildNetwork, BlockCountsAreThoseOfTheDepth) {
  for (const auto& [depth, convolutions] :
       std::map<int, int>{{18, 17 + 3}, {34, 33 + 3}, {50, 49 + 4}, {152, 151 + 4}}) {
    auto config = fpn_config(depth);
    if (depth < 50) config.resnet.res2_out_channels = 64;
    int count = 0;
    for (const auto& node : build_network(config).nodes) {
      count += node.kind == OpKind::kConv2d && node.name.starts_with("backbone.bottom_up");
    }
    EXPECT_EQ(count, convolutions) << "ResNet-" << depth;
  }
}

TEST(BuildNetwork, ClassAgnosticModelsPredictOneBoxARegion) {
  auto config = fpn_config(50);
  config.box_head.class_agnostic = true;
  config.box_head.num_classes = 7;
  const auto network = build_network(config);
  EXPECT_EQ(node_of(network, "roi_heads.box_predictor.bbox_pred").out_channels, 4);
  EXPECT_EQ(node_of(network, "roi_heads.box_predictor.cls_score").out_channels, 8);
}

TEST(BuildNetwork, WithoutNormsItHasNone) {
  auto config = fpn_config(50);
  config.resnet.norm = "";
  for (const auto& node : build_network(config).nodes) EXPECT_NE(node.kind, OpKind::kBatchNorm) << node.name;
}

TEST(BuildNetwork, RefusesAnUnknownDepthNamingTheKnownOnes) {
  try {
    build_network(fpn_config(51));
    FAIL() << "accepted";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("51"));
    EXPECT_THAT(error.what(), HasSubstr("18, 34, 50, 101 and 152"));
  }
}

TEST(BuildNetwork, RefusesLevelsWithDifferentAnchorCounts) {
  auto config = fpn_config(50);
  config.anchors.sizes[3] = {256, 300};
  EXPECT_THROW(build_network(config), ModelError);
  config = fpn_config(50);
  config.anchors.sizes.pop_back();
  EXPECT_THROW(build_network(config), ModelError);
}

TEST(InferShapes, FollowsTheStridesOfEveryLevel) {
  const auto config = fpn_config(50);
  const auto shapes =
      infer_shapes(build_network(config), {{"image", {1, 3, 800, 1088}}, {"pooled", {7, 49, 256}}});
  EXPECT_EQ(shapes.at("p2"), (Shape{1, 256, 200, 272}));
  EXPECT_EQ(shapes.at("p5"), (Shape{1, 256, 25, 34}));
  EXPECT_EQ(shapes.at("p6"), (Shape{1, 256, 13, 17}));  // ceil
  EXPECT_EQ(shapes.at("rpn_deltas_p6"), (Shape{1, 12, 13, 17}));
  EXPECT_EQ(shapes.at("class_logits"), (Shape{7, 81}));
}

TEST(InferShapes, RefusesGraphsThatCannotRun) {
  Node relu;
  relu.name = "a";
  relu.kind = OpKind::kRelu;
  relu.inputs = {"x"};
  relu.outputs = {"y"};
  const Graph graph{"g", {relu}, {"x"}, {"y"}};
  const ValueShapes known{{"x", {1, 2, 3, 4}}};
  EXPECT_NO_THROW(infer_shapes(graph, known));

  auto cycle = graph;
  cycle.nodes[0].inputs = {"y"};
  EXPECT_THROW(infer_shapes(cycle, known), ModelError);
  auto twice = graph;
  twice.nodes.push_back(twice.nodes[0]);
  EXPECT_THROW(infer_shapes(twice, known), ModelError);
  auto missing = graph;
  missing.outputs = {"z"};
  EXPECT_THROW(infer_shapes(missing, known), ModelError);
  auto huge = graph;
  huge.nodes[0].kind = OpKind::kConv2d;
  huge.nodes[0].weight = "w";
  huge.nodes[0].out_channels = 1 << 30;
  EXPECT_THROW(infer_shapes(huge, known), ModelError);
  auto negative = graph;
  negative.nodes[0].kind = OpKind::kMaxPool2d;
  negative.nodes[0].stride = 0;
  EXPECT_THROW(infer_shapes(negative, known), ModelError);
}

TEST(GraphJson, SurvivesARoundTrip) {
  auto graph = build_network(fpn_config(101));
  graph.nodes[1].activation = Activation::kSilu;
  graph.nodes[2].fused_sum = true;
  const nlohmann::json json = graph;
  EXPECT_EQ(nlohmann::json(json.get<Graph>()), json);
  EXPECT_EQ(json.get<Graph>().nodes.size(), graph.nodes.size());
  EXPECT_EQ(json.get<Graph>().nodes[1].stride, 2);
}

TEST(GraphJson, RefusesUnknownOperatorsAndSenselessNumbers) {
  nlohmann::json json = build_network(fpn_config(50));
  json["nodes"][3]["op"] = "Deform";
  EXPECT_THROW(json.get<Graph>(), ModelError);
  json["nodes"][3]["op"] = "Conv2d";
  json["nodes"][3]["stride"] = 1.5;
  EXPECT_THROW(json.get<Graph>(), ModelError);
  json["nodes"][3]["stride"] = std::int64_t{1} << 40;
  EXPECT_THROW(json.get<Graph>(), ModelError);
}

}  // namespace
}  // namespace rcnn::engine
