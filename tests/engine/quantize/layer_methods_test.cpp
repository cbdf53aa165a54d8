// SPDX-License-Identifier: MIT
#include "engine/quantize/layer_methods.hpp"

#include <gtest/gtest.h>

#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

const std::string kFpnOutput = "backbone.fpn_output2.weight";
const std::string kRpnConv = "proposal_generator.rpn_head.conv.weight";

CompiledModel tiny() {
  const tests::TinyModelOptions options;
  return compile(tests::tiny_config(options), tests::tiny_checkpoint(options), {.input = options.input});
}

Conv2dPicks picks_of(const Conv2dCosts& costs) {
  return Conv2dPicks(Conv2dCostFile({}, "here"), [costs](const Conv2dClass&) { return costs; });
}

TEST(LayerMethods, AreTheQuickestThatWereMeasured) {
  const auto model = tiny();
  for (const auto* precision : {"bf16", "int8"}) {
    if (!can_measure_methods(precision)) continue;
    auto quick = picks_of({{{0, 1}, {0, 2}, {0, 4}}}), slow = picks_of({{{0, 1}, {0, 4}, {0, 16}}});
    EXPECT_EQ(method_of(choose_methods(model, precision, quick), kFpnOutput), "F(4x4,3x3)");
    EXPECT_EQ(method_of(choose_methods(model, precision, slow), kFpnOutput), kDirectMethod);
  }
}

// What is left where exactness counts, and where nothing was measured.
TEST(LayerMethods, CarefulOnesAreTheQuickestWithoutF4x4) {
  auto picks = picks_of({{{0, 1}, {0, 2}, {0, 4}}}), slow = picks_of({{{0, 1}, {0, 4}, {0, 4}}});
  const bool measures = can_measure_methods("bf16");
  EXPECT_EQ(method_of(choose_methods(tiny(), "bf16", picks, MethodChoice::kCareful), kFpnOutput),
            measures ? "F(2x2,3x3)" : kDirectMethod);
  EXPECT_EQ(method_of(choose_methods(tiny(), "bf16", slow, MethodChoice::kCareful), kFpnOutput),
            kDirectMethod);
}

// The RPN head's convolution reads five levels: what counts is the time of all of them.
TEST(LayerMethods, AreChosenForAllMapsOfAWeightTogether) {
  if (!can_measure_methods("bf16")) GTEST_SKIP() << "this processor does not multiply bf16";
  // Fixed costs that only a large map makes up for: p2 has 1280 cells, the five levels 1706, p5 has 20.
  auto picks = picks_of({{{0, 1}, {20, 2}, {200, 4}}});
  const auto methods = choose_methods(tiny(), "bf16", picks);
  EXPECT_EQ(method_of(methods, kFpnOutput), "F(4x4,3x3)");
  EXPECT_EQ(method_of(methods, kRpnConv), "F(2x2,3x3)");
  EXPECT_EQ(method_of(methods, "backbone.fpn_output5.weight"), kDirectMethod);
}

// In int8 transformed weights take eight times the memory, which a quarter of the time is not worth to large
// ones.
TEST(LayerMethods, AreDirectInInt8WhereLargeWeightsGainLittle) {
  if (!can_measure_methods("int8")) GTEST_SKIP() << "this processor does not multiply int8";
  auto model = tiny();
  for (auto& program : model.programs) {
    for (auto& node : program.graph.nodes) {
      if (node.weight == kFpnOutput) node.out_channels = 16384;
    }
  }
  const auto chosen = [&](const std::string& precision, double cell, const std::string& weight) {
    auto picks = picks_of({{{0, 1}, {0, 4}, {0, cell}}});  // A cell of F(4x4,3x3) has sixteen results.
    return method_of(choose_methods(model, precision, picks), weight);
  };
  EXPECT_EQ(chosen("int8", 12, kFpnOutput), kDirectMethod);
  EXPECT_EQ(chosen("int8", 10, kFpnOutput), "F(4x4,3x3)");
  EXPECT_EQ(chosen("bf16", 12, kFpnOutput), "F(4x4,3x3)");
  EXPECT_EQ(chosen("int8", 12, "backbone.fpn_output3.weight"), "F(4x4,3x3)");
}

TEST(LayerMethods, NameOnlyWhatWinogradComputes) {
  auto picks = picks_of({{{0, 1}, {0, 2}, {0, 4}}});
  const auto methods = choose_methods(tiny(), "bf16", picks);
  EXPECT_TRUE(methods.contains(kFpnOutput));
  EXPECT_FALSE(methods.contains("backbone.fpn_lateral2.weight")) << "1x1";
  EXPECT_FALSE(methods.contains("backbone.bottom_up.stem.conv1.weight")) << "7x7";
  EXPECT_FALSE(methods.contains("backbone.bottom_up.res2.0.conv2.weight")) << "8 channels";
}

TEST(LayerMethods, MakeAPlanOfAllLayersInBf16) {
  const auto model = tiny();
  const auto plan = bf16_plan(model, {{kFpnOutput, "F(2x2,3x3)"}});
  EXPECT_TRUE(plan.activations.empty());
  for (const auto& [weight, layer] : plan.layers) {
    EXPECT_EQ(layer.precision, "bf16") << weight;
    EXPECT_EQ(layer.method, weight == kFpnOutput ? "F(2x2,3x3)" : kDirectMethod) << weight;
    EXPECT_FALSE(layer.program.empty());
  }
}

}  // namespace
}  // namespace rcnn::engine
