// SPDX-License-Identifier: MIT
#include "engine/runtime/value_types.hpp"

#include <gtest/gtest.h>

namespace rcnn::engine {
namespace {

Node make_node(OpKind kind, const std::string& output, const std::string& input) {
  Node node;
  node.kind = kind;
  node.inputs = {input};
  node.outputs = {output};
  if (multiplies(kind)) node.weight = output + ".w";
  return node;
}

/// Ends like a backbone: two levels, of which the second is the first's maximum.
Graph backbone() {
  return {"backbone",
          {make_node(OpKind::kConv2d, "a", "image"), make_node(OpKind::kConv2d, "p5", "a"),
           make_node(OpKind::kMaxPool2d, "p6", "p5")},
          {"image"},
          {"p5", "p6"}};
}

/// What the plan says of the backbone's layers and of one that reads the levels.
Quantization plan(const std::string& a, const std::string& p5, const std::string& head) {
  Quantization plan;
  const auto add = [&](const std::string& layer, const std::string& precision) {
    plan.layers[layer + ".w"].precision = precision;
  };
  add("a", a);
  add("p5", p5);
  add("rpn", head);
  if (a == "int8") plan.activations["image"] = {1, true};
  if (p5 == "int8") plan.activations["a"] = {0.5F, false};
  if (head == "int8") plan.activations["p5"] = plan.activations["p6"] = {0.25F, true};
  return plan;
}

ProgramShapes shapes(const Quantization* quantization, bool bf16) {
  ProgramShapes shapes;
  shapes.quantization = quantization;
  shapes.bf16 = bf16;
  shapes.borders = {"image", "p5", "p6"};
  return shapes;
}

DType type(const ValueTypes& types, const std::string& value) { return types.held({value, {1}}).dtype; }

TEST(ValueTypes, HoldWhatLayersReadInBf16) {
  const ValueTypes types(backbone(), shapes(nullptr, true));
  for (const char* value : {"image", "a", "p5", "p6"}) EXPECT_EQ(type(types, value), DType::kBf16) << value;
  EXPECT_EQ(types.held({"p5", {1}}).step, 1);

  auto nobody_else = shapes(nullptr, true);
  nobody_else.borders.clear();
  auto graph = backbone();
  graph.nodes.pop_back();
  EXPECT_EQ(type(ValueTypes(graph, nobody_else), "p5"), DType::kF32) << "no layer reads it";
}

TEST(ValueTypes, NothingIsNarrowInF32) {
  const ValueTypes types(backbone(), shapes(nullptr, false));
  for (const char* value : {"image", "a", "p5", "p6"}) EXPECT_EQ(type(types, value), DType::kF32) << value;
}

// Whether the layer that reads a level is in the same program or not.
TEST(ValueTypes, ALevelLeavesInTheStepsOfItsReaders) {
  const auto all = plan("int8", "int8", "int8");
  auto fused = backbone();
  fused.nodes.push_back(make_node(OpKind::kConv2d, "rpn", "p6"));
  for (const auto& graph : {backbone(), fused}) {
    const ValueTypes types(graph, shapes(&all, true));
    EXPECT_EQ(type(types, "a"), DType::kU8);
    for (const char* level : {"p5", "p6"}) {
      const auto held = types.held({level, {1}});
      EXPECT_EQ(held.dtype, DType::kS8) << level;
      EXPECT_EQ(held.step, 0.25F) << level;
    }
  }
}

TEST(ValueTypes, WithoutStepsALevelLeavesInBf16WhereThatIsMultiplied) {
  for (const char* writer : {"int8", "bf16"}) {
    const auto some = plan("int8", writer, "bf16");
    const ValueTypes types(backbone(), shapes(&some, true));
    EXPECT_EQ(type(types, "p5"), DType::kBf16) << writer;
    EXPECT_EQ(type(types, "p6"), DType::kBf16) << writer;
    EXPECT_EQ(type(ValueTypes(backbone(), shapes(&some, false)), "p5"), DType::kF32) << writer;
  }
}

// A trial of the program that reads it: its input has to be the exact one.
TEST(ValueTypes, WhatAnExactLayerWritesLeavesAsItIs) {
  const auto trial = plan("f32", "f32", "int8");
  const ValueTypes types(backbone(), shapes(&trial, true));
  for (const char* level : {"p5", "p6"}) EXPECT_EQ(type(types, level), DType::kF32) << level;
}

TEST(ValueTypes, APooledRegionIsWhatTheHeadsFirstLayerMultiplies) {
  const Graph head{"rpn-head", {make_node(OpKind::kConv2d, "rpn", "p5")}, {"p5"}, {"rpn"}};
  for (const auto& [precision, expected] :
       std::map<std::string, DType>{{"int8", DType::kS8}, {"bf16", DType::kBf16}, {"f32", DType::kF32}}) {
    const auto some = plan("int8", "int8", precision);
    const ValueTypes types(head, shapes(&some, true));
    EXPECT_EQ(type(types, "p5"), expected);
    EXPECT_EQ(type(types, "rpn"), DType::kF32) << "no layer reads it";
    EXPECT_EQ(types.multiplies_int8(head.nodes[0]), precision == "int8");
    EXPECT_EQ(types.multiplies_bf16(head.nodes[0]), precision == "bf16");
  }
}

}  // namespace
}  // namespace rcnn::engine
