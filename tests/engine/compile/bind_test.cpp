// SPDX-License-Identifier: MIT
#include "engine/compile/bind.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/random_classifier.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::read_text;

class Bind : public ::testing::Test {
 protected:
  /// The artifact of a graph without weights.
  std::shared_ptr<const Artifact> write_graph(const CompiledModel& graph) const {
    write_artifact_part(graph, {}, folder_ / "graph.rcnn");
    return Artifact::open(folder_ / "graph.rcnn");
  }
  /// Whether the file of this model is that of one compiled at once, byte for byte.
  bool is_same_file(const CompiledModel& bound, const CompiledModel& at_once) const {
    write_artifact(bound, folder_ / "bound.rcnn");
    write_artifact(at_once, folder_ / "at-once.rcnn");
    return read_text(folder_ / "bound.rcnn") == read_text(folder_ / "at-once.rcnn");
  }
  const tests::TempFolder folder_;
};

TEST_F(Bind, GivesTheFileThatCompilingAtOnceGives) {
  for (const tests::TinyModelOptions& tiny :
       {tests::TinyModelOptions{}, {.masks = true}, {.keypoints = true}, {.load_proposals = true}}) {
    const CompileOptions options{.input = tiny.input, .partition = "fused", .precision = "bf16"};
    const auto config = tests::tiny_config(tiny);
    const auto checkpoint = tests::tiny_checkpoint(tiny);
    const auto graph = write_graph(compile_graph(config, options));
    EXPECT_TRUE(is_same_file(bind_weights(*graph, checkpoint), compile(config, checkpoint, options)));
  }
}

TEST_F(Bind, TakesClassifiersToo) {
  const auto checkpoint = tests::random_classifier("resnet18", 5);
  const auto config = classifier_config("resnet18", checkpoint);
  const CompileOptions options{.input = parse_input_spec("centre-crop:72:64")};
  const auto graph = write_graph(compile_graph(config, options));
  EXPECT_TRUE(
      is_same_file(bind_weights(*graph, checkpoint), compile_classifier(config, checkpoint, options)));
  EXPECT_THROW(bind_weights(*graph, tests::random_classifier("resnet18", 6)), ModelError);
}

// Names change no weight: a graph is made before anybody knows the checkpoint's.
TEST_F(Bind, NamesClassesByTheCheckpointWhereLabelsDidNot) {
  const std::vector<std::string> names{"bolt", "nut", "washer"};
  auto config = tests::tiny_config();
  const auto bound = [&](const ModelConfig& made_for) {
    const auto model =
        bind_weights(*write_graph(compile_graph(made_for, {})), tests::tiny_checkpoint(), names);
    return std::get<ModelConfig>(model.config).class_names;
  };
  EXPECT_EQ(bound(config), names);
  config.class_names = {"one", "two", "three"};
  config.labelled = true;
  EXPECT_EQ(bound(config), config.class_names);
  const auto graph = write_graph(compile_graph(tests::tiny_config(), {}));
  EXPECT_THROW(bind_weights(*graph, tests::tiny_checkpoint(), {"bolt"}), ModelError);
}

TEST_F(Bind, GraphsHoldNamesAndShapesAndNoWeights) {
  const auto config = tests::tiny_config();
  const auto graph = write_graph(compile_graph(config, {}));
  const auto model = compile(config, tests::tiny_checkpoint(), {});
  EXPECT_THAT(graph->held_programs(), IsEmpty());
  ASSERT_EQ(graph->tensors().size(), model.weights.size());
  for (const auto& [name, tensor] : model.weights) {
    EXPECT_EQ(graph->tensors().at(name).shape, tensor.shape);
    EXPECT_FALSE(graph->tensors().at(name).held);
    EXPECT_THROW(graph->weight(name), ModelError);
  }
  EXPECT_LT(graph->bytes(), 100000U);
  try {
    graph->require_weights();
    FAIL() << "accepted";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("graph.rcnn holds no weights; "), HasSubstr("compile --bind")));
  }
}

TEST_F(Bind, RefusesWeightsOfAnotherNetwork) {
  const auto graph = write_graph(compile_graph(tests::tiny_config(), {}));
  EXPECT_THROW(bind_weights(*graph, tests::tiny_checkpoint({.num_classes = 4})), ModelError);
}

TEST_F(Bind, RefusesProgramsThatItWouldNotMake) {
  auto model = compile_graph(tests::tiny_config(), {});
  model.programs.at(0).graph.nodes.at(0).name = "of.another.version";
  const auto graph = write_graph(model);
  try {
    bind_weights(*graph, tests::tiny_checkpoint());
    FAIL() << "bound";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("compile it again"));
  }
}

}  // namespace
}  // namespace rcnn::engine
