// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/compile/passes.hpp"

namespace rcnn::engine {
namespace {

Node node(const std::string& name, OpKind kind, std::vector<std::string> inputs) {
  Node result;
  result.name = name;
  result.kind = kind;
  result.inputs = std::move(inputs);
  result.outputs = {name + ".out"};
  return result;
}

using Strings = std::vector<std::string>;

TEST(Fuse, MakesAResidualBlockOneConvolutionPerWeight) {
  Graph graph{
      "g",
      {node("shortcut", OpKind::kConv2d, {"x"}), node("conv1", OpKind::kConv2d, {"x"}),
       node("relu1", OpKind::kRelu, {"conv1.out"}), node("conv2", OpKind::kConv2d, {"relu1.out"}),
       node("add", OpKind::kAdd, {"conv2.out", "shortcut.out"}), node("relu2", OpKind::kRelu, {"add.out"})},
      {"x"},
      {"relu2.out"}};
  fuse(graph);
  ASSERT_EQ(graph.nodes.size(), 3U);
  EXPECT_EQ(graph.nodes[1].outputs, Strings{"relu1.out"});
  EXPECT_EQ(graph.nodes[1].activation, Activation::kRelu);
  const auto& last = graph.nodes[2];  // The later convolution takes the sum: the other operand exists by then
  EXPECT_EQ(last.name, "conv2");
  EXPECT_EQ(last.inputs, (Strings{"relu1.out", "shortcut.out"}));
  EXPECT_EQ(last.outputs, Strings{"relu2.out"});
  EXPECT_TRUE(last.fused_sum);
  EXPECT_EQ(last.activation, Activation::kRelu);
}

TEST(Fuse, AddsAnInputThatNoOperatorWrites) {
  Graph graph{"g",
              {node("conv", OpKind::kConv2d, {"x"}), node("add", OpKind::kAdd, {"x", "conv.out"})},
              {"x"},
              {"add.out"}};
  fuse(graph);
  ASSERT_EQ(graph.nodes.size(), 1U);
  EXPECT_EQ(graph.nodes[0].inputs, (Strings{"x", "x"}));
}

TEST(Fuse, FusesReluIntoLinearButNotIntoPooling) {
  Graph graph{"g",
              {node("fc", OpKind::kLinear, {"x"}), node("r1", OpKind::kRelu, {"fc.out"}),
               node("pool", OpKind::kMaxPool2d, {"r1.out"}), node("r2", OpKind::kRelu, {"pool.out"})},
              {"x"},
              {"r2.out"}};
  fuse(graph);
  ASSERT_EQ(graph.nodes.size(), 3U);
  EXPECT_EQ(graph.nodes[0].activation, Activation::kRelu);
  EXPECT_EQ(graph.nodes[2].kind, OpKind::kRelu);
}

// What somebody else reads must stay as it is.
TEST(Fuse, LeavesValuesAloneThatAreReadTwiceOrLeaveTheGraph) {
  const std::vector<Node> nodes{node("conv", OpKind::kConv2d, {"x"}),
                                node("relu", OpKind::kRelu, {"conv.out"})};
  Graph output{"g", nodes, {"x"}, {"conv.out", "relu.out"}};
  fuse(output);
  EXPECT_EQ(output.nodes.size(), 2U);
  Graph twice{"g", nodes, {"x"}, {"relu.out", "pool.out"}};
  twice.nodes.push_back(node("pool", OpKind::kMaxPool2d, {"conv.out"}));
  fuse(twice);
  EXPECT_EQ(twice.nodes.size(), 3U);
  Graph same{"g",
             {node("conv", OpKind::kConv2d, {"x"}), node("add", OpKind::kAdd, {"conv.out", "conv.out"})},
             {"x"},
             {"add.out"}};
  fuse(same);
  EXPECT_EQ(same.nodes.size(), 2U);
}

}  // namespace
}  // namespace rcnn::engine
