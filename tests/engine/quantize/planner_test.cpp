// SPDX-License-Identifier: MIT
#include "engine/quantize/planner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "engine/compile/quantization.hpp"
#include "engine/errors.hpp"
#include "tests/support/operator_cases.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

CompiledModel tiny(const tests::TinyModelOptions& options = {}) {
  return compile(tests::tiny_config(options), tests::tiny_checkpoint(options),
                 {.input = options.input, .partition = options.partition});
}

std::map<std::string, Histogram> histograms_of(const CompiledModel& model) {
  std::map<std::string, Histogram> histograms;
  for (const auto& value : Planner::values_of_interest(model))
    histograms[value].add(tests::random_values(500, 1));
  return histograms;
}

TEST(Planner, WantsWhatSomeLayerReadsAndWhatPoolingsAndSumsAreMadeOf) {
  const auto values = Planner::values_of_interest(tiny());
  for (const char* name : {"image", "pooled", "p2", "p5", "p6"}) EXPECT_THAT(values, Contains(name));
  for (const char* name : {"rpn_logits_p2", "class_logits", "box_deltas"})
    EXPECT_THAT(values, Not(Contains(name)));
}

TEST(Planner, PutsEveryLayerThatItCanIntoInt8) {
  const auto model = tiny({.masks = true});
  const Planner planner(model, histograms_of(model), "min-max");
  const auto plan = planner.plan(std::vector<std::size_t>(model.programs.size(), 0));
  std::size_t others = 0;
  for (const auto& [weight, layer] : plan.layers) {
    EXPECT_EQ(layer.reason.empty(), layer.precision == kInt8) << weight;
    others += layer.precision == kInt8 ? 0 : 1;
  }
  EXPECT_EQ(others, 1U) << "the mask predictor has no int8 form";
  EXPECT_EQ(plan.layers.at("roi_heads.mask_head.predictor.weight").precision, "bf16");
  EXPECT_EQ(plan.activations.at("p6"), plan.activations.at("p5")) << "the maximum of what lies on steps";
}

TEST(Planner, ATrialIsOfOneProgramAndLeavesTheMostSensitiveOut) {
  const auto model = tiny();
  const Planner planner(model, histograms_of(model), "mse");
  const auto& candidates = planner.candidates(0);
  const auto trial = planner.trial(0, 2);
  for (const auto& [weight, layer] : trial.layers) {
    const bool kept = weight == candidates[0] || weight == candidates[1];
    EXPECT_EQ(layer.precision, layer.program == "box-head" || kept ? "f32" : kInt8) << weight;
    EXPECT_EQ(layer.reason, kept || layer.program == "box-head" ? "sensitive" : "");
  }
  EXPECT_FALSE(trial.activations.contains("pooled")) << "nobody reads it in int8";
  const auto harm = [&](const std::string& weight) {
    const auto& layer = trial.layers.at(weight);
    return layer.weight_error * layer.weight_error + layer.input_error * layer.input_error;
  };
  EXPECT_TRUE(std::ranges::is_sorted(candidates, std::ranges::greater{}, harm));
}

TEST(Planner, ALayerOfSeveralProgramsIsTriedInEachAndStaysOutIfOneNeedsItTo) {
  const auto model = tiny({.partition = "rpn-levels+box-head"});
  const Planner planner(model, histograms_of(model), "mse");
  const std::string shared = "proposal_generator.rpn_head.conv.weight";
  for (const std::size_t level : {1U, 5U}) {
    ASSERT_EQ(planner.candidates(level).size(), 3U);
    EXPECT_EQ(planner.trial(level, 0).layers.at(shared).precision, kInt8);
    EXPECT_EQ(planner.trial(level, 3).layers.at(shared).precision, "f32");
  }
  EXPECT_EQ(planner.trial(0, 0).layers.at(shared).precision, "f32") << "the backbone has none of it";
  EXPECT_EQ(planner.plan({0, 0, 0, 0, 0, 0, 0}).layers.at(shared).precision, kInt8);
  EXPECT_EQ(planner.plan({0, 0, 0, 0, 0, 3, 0}).layers.at(shared).precision, "bf16");
}

TEST(Planner, LeavesOutWhatCalibrationDidNotReach) {
  const auto model = tiny();
  auto histograms = histograms_of(model);
  std::erase_if(histograms, [](const auto& row) { return row.first == "pooled"; });
  const Planner planner(model, std::move(histograms), "mse");
  const auto plan = planner.plan({0, 0});
  const auto& first = plan.layers.at("roi_heads.box_head.fc1.weight");
  EXPECT_EQ(first.precision, "bf16");
  EXPECT_THAT(first.reason, HasSubstr("not reached"));
}

TEST(Planner, RefusesValuesThatAreNoNumbers) {
  const auto model = tiny();
  auto histograms = histograms_of(model);
  histograms["p2"].add(std::vector<float>{std::numeric_limits<float>::infinity()});
  try {
    const Planner planner(model, std::move(histograms), "mse");
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), ::testing::AllOf(HasSubstr("'p2'"), HasSubstr("--precision bf16")));
  }
}

TEST(Planner, InBf16LayersLeaveTheQuickestMethodForACarefulOne) {
  const auto model = tiny();
  const std::string first = "backbone.fpn_output2.weight", second = "backbone.fpn_output3.weight";
  const std::string third = "backbone.fpn_output4.weight";
  Planner planner(model, {{first, "F(4x4,3x3)"}, {second, "F(4x4,3x3)"}, {third, "F(2x2,3x3)"}},
                  {{second, "F(2x2,3x3)"}, {third, "F(2x2,3x3)"}});
  ASSERT_EQ(planner.candidates(0).size(), 2U) << "the third is careful";
  EXPECT_TRUE(planner.candidates(1).empty()) << "no convolution there";
  const auto trial = planner.trial(0, 1);
  EXPECT_EQ(trial.layers.at(planner.candidates(0)[0]).method, "F(2x2,3x3)")
      << "in the program's order, which comes to small maps first";
  EXPECT_EQ(trial.layers.at(planner.candidates(0)[0]).reason, "sensitive");
  EXPECT_EQ(trial.layers.at(planner.candidates(0)[1]).method, "F(4x4,3x3)");
  for (const auto& [weight, layer] : trial.layers) {
    EXPECT_EQ(layer.precision, layer.program == "box-head" ? "f32" : "bf16") << weight;
  }
  const auto before = planner.candidates(0);
  planner.rank(0, {0.1, 0.2});
  EXPECT_THAT(planner.candidates(0), ::testing::ElementsAre(before[1], before[0]));
  const auto alone = planner.trial_of(0, before[0] == first ? 1 : 0);
  EXPECT_EQ(alone.layers.at(first).method, "F(4x4,3x3)");
  EXPECT_EQ(alone.layers.at(second).method, "F(2x2,3x3)") << "as careful as it can be";
  const auto plan = planner.plan({0, 0});
  for (const auto& [weight, layer] : plan.layers) EXPECT_EQ(layer.precision, "bf16") << weight;
  EXPECT_EQ(plan.layers.at(first).method, "F(4x4,3x3)");
}

TEST(Planner, LayersInInt8ByWinogradsMethodHaveWeightsInBf16) {
  auto model = tiny();
  const std::string weight = "backbone.fpn_output2.weight";
  const Planner planner(model, histograms_of(model), "mse", {{weight, "F(4x4,3x3)"}});
  const auto plan = planner.plan({0, 0});
  const auto& layer = plan.layers.at(weight);
  EXPECT_EQ(layer.precision, kInt8) << "what it reads is";
  EXPECT_EQ(layer.method, "F(4x4,3x3)");
  EXPECT_EQ(weight_precision(layer), "bf16");
  EXPECT_LT(layer.weight_error, 0.003) << "bf16 has 8 bits of its own for each weight";
  EXPECT_EQ(planner.trial(1, 0).layers.at(weight).method, kDirectMethod) << "exact ones are direct";
}

TEST(FindKept, IsTheFewestThatKeepToTheBudget) {
  for (std::size_t needed = 0; needed <= 9; ++needed) {
    int asked = 0;
    const auto error = [&](std::size_t kept) {
      ++asked;
      return kept >= needed ? 0.01 : 0.5;
    };
    EXPECT_EQ(find_kept(9, 0.02, error), needed);
    EXPECT_LE(asked, 5);
  }
  EXPECT_EQ(find_kept(3, 0.02, [](std::size_t) { return 1.0; }), 3U) << "all, where that is not enough";
  int asked = 0;
  find_kept(50, 0.02, [&](std::size_t) { return ++asked, 0.0; });
  EXPECT_EQ(asked, 1) << "none is what is hoped for, and tried first";
}

}  // namespace
}  // namespace rcnn::engine
