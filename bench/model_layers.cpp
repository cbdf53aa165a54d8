// SPDX-License-Identifier: MIT
#include "bench/model_layers.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "engine/model/graph_shapes.hpp"
#include "engine/runtime/partner_nodes.hpp"

namespace rcnn::bench {
namespace {

using engine::Node;
using engine::OpKind;
using engine::Shape;

/// What makes two layers the same.
auto key_of(const Layer& layer) {
  return std::tuple(layer.in_channels, layer.out_channels, layer.height, layer.width, layer.kernel,
                    layer.stride, layer.matrix, layer.second_channels);
}
using Layers = std::map<decltype(key_of({})), Layer>;

/// Without what it is counted by. \param output  its shape, [N, O, H, W] or [R, O]
Layer layer_of(const Node& node, const Shape& source, const Shape& output) {
  Layer layer{.out_channels = output[1], .kernel = node.kernel, .stride = node.stride};
  layer.matrix = node.kind == OpKind::kLinear;
  if (layer.matrix) {
    layer.in_channels = engine::element_count(source) / source[0];
    layer.height = layer.kernel = layer.stride = 1;
    layer.width = source[0];
  } else {
    layer.in_channels = source[1];
    layer.height = source[2];
    layer.width = source[3];
  }
  const auto taps = static_cast<double>(layer.in_channels * layer.kernel * layer.kernel);
  layer.gflop = 2e-9 * taps * static_cast<double>(engine::element_count(output));
  return layer;
}

bool may_be_joined(const Node& node) {
  return node.kernel == 1 && node.stride == 1 && node.activation == engine::Activation::kNone;
}

/// The convolution that may be computed with the one at `index`, or null.
const Node* second_of(const engine::Graph& graph, std::size_t index) {
  if (!may_be_joined(graph.nodes[index])) return nullptr;
  for (const auto& partner : engine::find_partners(graph, index)) {
    const auto& other = graph.nodes[partner.node];
    if (partner.kind == engine::Partner::Kind::kHead && may_be_joined(other)) return &other;
  }
  return nullptr;
}

/// \param model  index of the one that the graph is of
void add_layers(Layers& layers, const engine::Graph& graph, const engine::ValueShapes& shapes,
                std::size_t model, std::size_t models) {
  std::set<const Node*> seconds;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const auto& node = graph.nodes[i];
    const bool multiplies = node.kind == OpKind::kConv2d || node.kind == OpKind::kLinear;
    if (!multiplies || node.groups != 1 || seconds.contains(&node)) continue;
    const auto& source = shapes.at(node.inputs[0]);
    auto layer = layer_of(node, source, shapes.at(node.outputs[0]));
    std::vector names{node.name};
    if (const auto* second = second_of(graph, i)) {
      const auto other = layer_of(*second, source, shapes.at(second->outputs[0]));
      layer.second_channels = other.out_channels;
      layer.gflop += other.gflop;
      names.push_back(second->name);
      seconds.insert(second);
    }
    layer.counts.assign(models, 0);
    auto& known = layers.try_emplace(key_of(layer), layer).first->second;
    ++known.counts[model];
    for (const auto& name : names) {
      if (std::ranges::find(known.names, name) == known.names.end()) known.names.push_back(name);
    }
  }
}

}  // namespace

std::vector<Layer> layers_of(const std::vector<std::shared_ptr<const engine::Artifact>>& models,
                             engine::Size padded) {
  Layers distinct;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const auto& config = models[i]->config();
    const auto every = engine::program_inputs(config, padded.height, padded.width, config.max_proposals(), 1);
    for (const auto& program : models[i]->programs()) {
      const auto& inputs = program.graph.inputs;
      if (inputs != std::vector<std::string>{"image"} && inputs != std::vector<std::string>{"pooled"})
        continue;
      const auto shapes = engine::infer_shapes(program.graph, {{inputs[0], every.at(inputs[0])}});
      add_layers(distinct, program.graph, shapes, i, models.size());
    }
  }
  std::vector<Layer> layers;
  for (const auto& [key, layer] : distinct) layers.push_back(layer);
  std::ranges::stable_sort(layers, std::greater<>(),
                           [](const Layer& l) { return l.gflop * l.counts.front(); });
  return layers;
}

}  // namespace rcnn::bench
