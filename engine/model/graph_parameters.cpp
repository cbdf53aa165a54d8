// SPDX-License-Identifier: MIT
#include <set>

#include "engine/model/graph.hpp"
#include "engine/model/graph_shapes.hpp"

namespace rcnn::engine {
namespace {

/// Any size will do: no parameter's shape depends on the image's. A multiple of 64 keeps all levels even.
constexpr std::int64_t kNominalSide = 64;

void append_batch_norm(const Node& node, bool optional, std::vector<ParameterSpec>& parameters) {
  const Shape shape{node.out_channels};
  const auto module = node.name + ".";
  parameters.push_back({node.weight, shape});
  parameters.push_back({node.bias, shape});
  parameters.push_back({module + "running_mean", shape, optional, 0.f});
  parameters.push_back({module + "running_var", shape, optional, 1.f});
}

}  // namespace

std::vector<ParameterSpec> network_parameters(const Graph& network, const ModelConfig& config) {
  // A FrozenBN's statistics may be folded into its weight already
  return network_parameters(network, program_inputs(config, kNominalSide, kNominalSide, 1, 1),
                            config.resnet.norm == "FrozenBN");
}

std::vector<ParameterSpec> network_parameters(const Graph& network,
                                              const std::map<std::string, Shape>& inputs,
                                              bool optional_statistics) {
  const auto shapes = infer_shapes(network, inputs);
  std::vector<ParameterSpec> parameters;
  std::set<std::string> seen;  // The RPN head is applied once a level
  for (const auto& node : network.nodes) {
    if (node.weight.empty() || !seen.insert(node.weight).second) continue;
    if (node.kind == OpKind::kBatchNorm) {
      append_batch_norm(node, optional_statistics, parameters);
      continue;
    }
    parameters.push_back({node.weight, weight_shape(node, shapes.at(node.inputs[0]))});
    if (!node.bias.empty()) parameters.push_back({node.bias, {node.out_channels}});
  }
  return parameters;
}

}  // namespace rcnn::engine
