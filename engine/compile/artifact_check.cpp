// SPDX-License-Identifier: MIT
#include <utility>

#include "engine/compile/artifact_format.hpp"
#include "engine/compile/partition.hpp"
#include "engine/errors.hpp"
#include "engine/model/graph_shapes.hpp"

namespace rcnn::engine {
namespace {

/// Any image will do: a size that keeps all levels whole, and odd counts so that swapped axes show.
ValueShapes nominal_inputs(const ModelConfig& config) { return program_inputs(config, 64, 128, 3, 5); }

void check_weights(const Program& program, const ValueShapes& shapes,
                   const std::map<std::string, Shape>& weights) {
  const auto check = [&](const Node& node, const std::string& name, const Shape& wanted) {
    const auto found = weights.find(name);
    if (found == weights.end())
      throw ModelError("operator '" + node.name + "' needs '" + name + "', which is missing");
    if (found->second != wanted) {
      throw ModelError("operator '" + node.name + "' needs '" + name + "' as " + to_string(wanted) +
                       "; it is " + to_string(found->second));
    }
  };
  for (const auto& node : program.graph.nodes) {
    if (node.kind == OpKind::kConvTranspose2d || node.kind == OpKind::kBatchNorm ||
        !runs_on_core(node.kind)) {
      throw ModelError("operator '" + node.name + "' (" + to_string(node.kind) + ") cannot run in a program");
    }
    if (has_weight(node.kind)) {
      check(node, node.weight, weight_shape(node, shapes.at(node.inputs[0])));
      if (!node.bias.empty()) check(node, node.bias, {node.out_channels});
    }
  }
}

void check_border(const Program& program, const ValueShapes& shapes, const Graph& expected,
                  const ValueShapes& network) {
  const auto& graph = program.graph;
  if (graph.name != expected.name || graph.inputs != expected.inputs || graph.outputs != expected.outputs) {
    throw ModelError("program '" + graph.name + "' does not have the inputs and outputs of '" +
                     expected.name + "' that the config asks for");
  }
  for (const auto& value : graph.outputs) {
    if (shapes.at(value) != network.at(value)) {
      throw ModelError("program '" + graph.name + "' writes '" + value + "' as " +
                       to_string(shapes.at(value)) + "; the config asks for " + to_string(network.at(value)));
    }
  }
}

}  // namespace

void check_programs(const NetworkConfig& config, const CompileOptions& options,
                    std::span<const Program> programs, const std::map<std::string, Shape>& weights) {
  const auto* detector = std::get_if<ModelConfig>(&config);
  const auto network =
      detector != nullptr ? build_network(*detector) : build_classifier(std::get<ClassifierConfig>(config));
  const auto inputs =
      detector != nullptr ? nominal_inputs(*detector) : ValueShapes{{"image", {2, 3, 64, 96}}};
  const auto& partition = detector != nullptr ? find_partition(options.partition) : classifier_partition();
  const auto network_shapes = infer_shapes(network, inputs);
  std::vector<Program> expected;
  std::vector<Node> host;
  cut(network, partition, expected, host);
  if (programs.size() != expected.size()) {
    throw ModelError("it has " + std::to_string(programs.size()) + " programs; partition '" + partition.name +
                     "' has " + std::to_string(expected.size()));
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    auto known = inputs;  // And what other programs write: the RPN head may be one that reads features
    for (const auto& input : expected[i].graph.inputs) known[input] = network_shapes.at(input);
    const auto shapes = infer_shapes(programs[i].graph, std::move(known));
    check_weights(programs[i], shapes, weights);
    check_border(programs[i], shapes, expected[i].graph, network_shapes);
  }
}

}  // namespace rcnn::engine
