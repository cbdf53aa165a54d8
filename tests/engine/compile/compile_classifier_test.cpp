// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/compile/artifact.hpp"
#include "engine/compile/compiler.hpp"
#include "engine/errors.hpp"
#include "tests/support/random_classifier.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

CompileOptions options_of(const std::string& input) {
  CompileOptions options;
  options.input = parse_input_spec(input);
  return options;
}

TEST(CompileClassifier, MakesOneProgramOfFoldedAndFusedOperators) {
  const auto checkpoint = tests::random_classifier("efficientnet_b0", 5);
  const auto config = classifier_config("efficientnet_b0", checkpoint);
  const auto model = compile_classifier(config, checkpoint, options_of("centre-crop:256:224"));
  ASSERT_EQ(model.programs.size(), 1U);
  const auto& graph = model.programs[0].graph;
  EXPECT_EQ(graph.name, "classifier");
  EXPECT_THAT(graph.inputs, ::testing::ElementsAre("image"));
  EXPECT_THAT(graph.outputs, ::testing::ElementsAre("logits"));
  int silu = 0, sigmoid = 0, sums = 0;
  for (const auto& node : graph.nodes) {
    EXPECT_THAT(node.kind,
                ::testing::AnyOf(OpKind::kConv2d, OpKind::kScale, OpKind::kGlobalAvgPool, OpKind::kLinear))
        << node.name;
    silu += node.activation == Activation::kSilu;
    sigmoid += node.activation == Activation::kSigmoid;
    sums += node.fused_sum;
  }
  EXPECT_EQ(sigmoid, 16);             // One squeeze-and-excitation a block
  EXPECT_EQ(silu, 2 + 15 + 16 + 16);  // Stem and end, the blocks that widen, the channels' own, the squeezed
  EXPECT_EQ(sums, 9);
  EXPECT_EQ(model.host_nodes.size(), 2U);
}

TEST(CompileClassifier, ItsArtifactIsNoDetectors) {
  const auto artifact = Artifact::open(tests::tiny_classifier());
  EXPECT_TRUE(artifact->is_classifier());
  EXPECT_EQ(artifact->model_name(), "resnet18");
  EXPECT_EQ(artifact->classifier().class_names.size(), 7U);
  EXPECT_EQ(to_string(artifact->options().input), "centre-crop:72:64");
  EXPECT_THROW(artifact->config(), ModelError);
  const auto detector = Artifact::open(tests::tiny_model());
  EXPECT_FALSE(detector->is_classifier());
  EXPECT_THROW(detector->classifier(), ModelError);
}

template <typename Body>
std::string refusal_of(Body&& body) {
  try {
    body();
  } catch (const SettingError& error) {
    return error.what();
  }
  return "no error";
}

TEST(CompileClassifier, RefusesInputsOfDetectorsAndTheOtherWayRound) {
  const auto checkpoint = tests::random_classifier("resnet18", 5);
  const auto config = classifier_config("resnet18", checkpoint);
  EXPECT_THAT(
      refusal_of([&] { compile_classifier(config, checkpoint, options_of("shortest-edge:256:500")); }),
      HasSubstr("centre-crop:SHORTER:SIDE"));
  EXPECT_NO_THROW(compile_classifier(config, checkpoint, options_of("stretch:96x64:bicubic")));
  EXPECT_THAT(refusal_of([] {
                compile(tests::tiny_config(), tests::tiny_checkpoint(), options_of("centre-crop:256:224"));
              }),
              HasSubstr("is for classifiers"));
  EXPECT_THAT(refusal_of([] {
                compile(tests::tiny_config(), tests::tiny_checkpoint(),
                        options_of("stretch:160x128:bicubic"));
              }),
              HasSubstr("resized bilinearly"));
  EXPECT_THAT(refusal_of([] { options_of("centre-crop:224:256"); }), HasSubstr("centre-crop:256:224"));
}

TEST(CompileClassifier, BatchesAreMadeAsItRuns) {
  const auto checkpoint = tests::random_classifier("resnet18", 5);
  auto options = options_of("stretch:96x64");
  options.batch = 8;
  EXPECT_THAT(
      refusal_of([&] { compile_classifier(classifier_config("resnet18", checkpoint), checkpoint, options); }),
      AllOf(HasSubstr("batch 8"), HasSubstr("classify --batch")));
}

}  // namespace
}  // namespace rcnn::engine
