// SPDX-License-Identifier: MIT
#include "engine/compile/quantization.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/compile/artifact.hpp"
#include "engine/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/operator_cases.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr const char* kFirst = "roi_heads.box_head.fc1.weight";
constexpr const char* kStem = "backbone.bottom_up.stem.conv1.weight";

CompiledModel tiny() {
  return compile(tests::tiny_config(), tests::tiny_checkpoint(), {.input = {.width = 160, .height = 128}});
}

/// All layers in int8 but one in bf16; values as if all had been met.
Quantization plan_for(const CompiledModel& model) {
  Quantization plan;
  plan.range_method = "mse";
  plan.images = 3;
  plan.images_checksum = "0123456789abcdef";
  plan.search_images = 2;
  plan.budget = 0.25;
  plan.errors = {{"backbone-rpn", 0.125}};
  for (const auto& program : model.programs) {
    for (const auto& layer : layers_of(program.graph))
      plan.layers[layer.weight] = {kInt8, kDirectMethod, "", program.graph.name, 0.5, 0.25};
  }
  plan.layers.at(kStem) = {"bf16", kDirectMethod, "sensitive", "backbone-rpn", 0.5, 0.25};
  for (const auto& program : model.programs) {
    for (const auto& value : quantized_values(program.graph, plan)) plan.activations[value] = {0.75F, true};
  }
  return plan;
}

Node node_of(OpKind kind, const std::string& output, std::vector<std::string> inputs) {
  Node node;
  node.name = output;
  node.kind = kind;
  node.inputs = std::move(inputs);
  node.outputs = {output};
  if (kind == OpKind::kConv2d) node.weight = output + ".w";
  return node;
}

TEST(Quantization, HoldsIn8BitsWhatInt8ReadsAndWhatThatIsMadeOf) {
  auto sum = node_of(OpKind::kConv2d, "c", {"b", "a"});
  sum.fused_sum = true;
  const Graph graph{"g",
                    {node_of(OpKind::kConv2d, "a", {"x"}), node_of(OpKind::kMaxPool2d, "b", {"a"}), sum,
                     node_of(OpKind::kRelu, "d", {"c"}), node_of(OpKind::kConv2d, "e", {"d"})},
                    {"x"},
                    {"e"}};
  Quantization plan;
  plan.layers["c.w"].precision = kInt8;
  EXPECT_THAT(quantized_values(graph, plan), UnorderedElementsAre("a", "b"));
  plan.layers["e.w"].precision = kInt8;
  EXPECT_THAT(quantized_values(graph, plan), UnorderedElementsAre("a", "b", "d")) << "not what a ReLU reads";
  plan.layers["c.w"].precision = "bf16";
  EXPECT_THAT(quantized_values(graph, plan), UnorderedElementsAre("d"));
}

TEST(Quantization, StepsReachTheLargestOfEachChannel) {
  const CheckpointTensor weight{
      {3, 2}, std::make_shared<const std::vector<float>>(std::vector<float>{1, -2.54F, 0, 0, 1e-44F, 0})};
  EXPECT_THAT(weight_steps(weight), ElementsAre(2.54F / 127, 1.F, 1.F)) << "no step below the normal numbers";
}

TEST(Quantization, WeightsAreTheNearestIntegersOfTheirChannel) {
  const auto values = tests::random_values(600, 1);
  const CheckpointTensor weight{{6, 100}, std::make_shared<const std::vector<float>>(values)};
  const auto steps = weight_steps(weight);
  const auto integers = to_int8(values, steps);
  const auto again = from_int8(integers, steps);
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_LE(std::abs(again[i] - values[i]), 0.5001F * steps[i / 100]) << i;
  }
  EXPECT_EQ(to_int8(again, steps), integers) << "what was rounded stays";
}

TEST(Quantization, SurvivesTheArtifact) {
  auto model = tiny();
  const auto exact = model.weights;
  const auto plan = plan_for(model);
  quantize(model, plan);
  EXPECT_EQ(model.options.precision, kInt8);
  const tests::TempFolder folder;
  write_artifact(model, folder / "int8.rcnn");
  const auto artifact = Artifact::open(folder / "int8.rcnn");
  EXPECT_EQ(artifact->quantization(), plan);
  EXPECT_EQ(artifact->tensors().at(kFirst).dtype, DType::kS8);
  EXPECT_EQ(artifact->tensors().at(kStem).dtype, DType::kBf16);
  for (const auto& [name, tensor] : model.weights) {
    const auto stored = artifact->weight(name);
    ASSERT_TRUE(std::ranges::equal(stored, *tensor.values)) << name;
  }
  const auto& before = *exact.at(kFirst).values;
  const auto after = artifact->weight(kFirst);
  const auto steps = artifact->weight(steps_name(kFirst));
  for (std::size_t i = 0; i < before.size(); ++i) {
    ASSERT_LE(std::abs(after[i] - before[i]), 0.5001F * steps[i * steps.size() / before.size()]);
  }
}

TEST(Quantization, OneProgramAFileHoldsItsSteps) {
  auto model = tiny();
  quantize(model, plan_for(model));
  const tests::TempFolder folder;
  write_artifact_part(model, {"backbone-rpn"}, folder / "a.rcnn");
  write_artifact_part(model, {"box-head"}, folder / "b.rcnn");
  const auto artifact = Artifact::open(folder.path());
  artifact->require_weights();
  EXPECT_TRUE(std::ranges::equal(artifact->weight(kFirst), *model.weights.at(kFirst).values));
}

TEST(Quantization, NamesWhatAPlanLacksAndWhatNoIntegerHolds) {
  auto model = tiny();
  auto plan = plan_for(model);
  plan.layers.erase(kFirst);
  try {
    auto copy = model;
    quantize(copy, plan);
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr(kFirst));
  }
  auto values = *model.weights.at(kFirst).values;
  values[5] = std::numeric_limits<float>::infinity();
  model.weights.at(kFirst).values = std::make_shared<const std::vector<float>>(values);
  try {
    quantize(model, plan_for(model));
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr(kFirst), HasSubstr("inf"), HasSubstr("int8")));
  }
}

TEST(Quantization, CompilingWithoutCalibrationNamesTheOption) {
  try {
    compile(tests::tiny_config(), tests::tiny_checkpoint(), {.precision = kInt8});
    FAIL();
  } catch (const SettingError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--calibrate"));
  }
}

/// What open() says of an int8 artifact whose plan was changed.
class QuantizationFile : public ::testing::Test {
 protected:
  std::string refusal(const std::function<void(CompiledModel&)>& change) const {
    auto model = tiny();
    quantize(model, plan_for(model));
    change(model);
    try {
      write_artifact(model, folder_ / "changed.rcnn");
      Artifact::open(folder_ / "changed.rcnn");
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }
  const tests::TempFolder folder_;
};

TEST_F(QuantizationFile, IsRefusedWhereItDoesNotFit) {
  EXPECT_EQ(refusal([](CompiledModel&) {}), "accepted");
  EXPECT_THAT(refusal([](CompiledModel& model) { model.options.precision = "fp16"; }),
              HasSubstr("has a quantization"));
  EXPECT_THAT(
      refusal([](CompiledModel& model) {
        model.weights.at(steps_name(kFirst)) = {{1}, std::make_shared<const std::vector<float>>(1, 1.F)};
      }),
      AllOf(HasSubstr(kFirst), HasSubstr("step")));
  EXPECT_THAT(refusal([](CompiledModel& model) { model.quantization->layers.at(kFirst).precision = "int3"; }),
              HasSubstr("int3"));
  EXPECT_THAT(refusal([](CompiledModel& model) { model.quantization->activations.erase("pooled"); }),
              AllOf(HasSubstr("pooled"), HasSubstr("step")));
  EXPECT_THAT(refusal([](CompiledModel& model) { model.quantization->activations.at("pooled").step = 0; }),
              HasSubstr("step"));
}

}  // namespace
}  // namespace rcnn::engine
