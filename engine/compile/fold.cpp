// SPDX-License-Identifier: MIT
#include <cmath>
#include <vector>

#include "engine/compile/passes.hpp"
#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

constexpr double kEpsilon = 1e-5;  // Detectron2's, for FrozenBatchNorm2d and BatchNorm2d alike.

CheckpointTensor make_tensor(Shape shape, std::vector<float> values) {
  return {std::move(shape), std::make_shared<const std::vector<float>>(std::move(values))};
}

const std::vector<float>& values_of(const Weights& weights, const std::string& name) {
  const auto found = weights.find(name);
  if (found == weights.end()) throw ModelError("the parameter '" + name + "' is missing");
  return *found->second.values;
}

/// The convolution whose output nothing but `norm` reads.
Node& convolution_before(Graph& network, const Node& norm) {
  Node* producer = nullptr;
  int readers = 0, sharers = 0;
  for (auto& node : network.nodes) {
    if (!node.outputs.empty() && node.outputs[0] == norm.inputs[0]) producer = &node;
    for (const auto& input : node.inputs) readers += input == norm.inputs[0];
  }
  if (producer != nullptr) {
    for (const auto& node : network.nodes) sharers += node.weight == producer->weight;
  }
  if (producer == nullptr || producer->kind != OpKind::kConv2d || readers != 1 || sharers != 1) {
    throw ModelError("batch norm '" + norm.name +
                     "' does not follow a convolution of its own; such a network is not " + "supported");
  }
  return *producer;
}

void fold_one(Node& conv, const Node& norm, Weights& weights) {
  const auto& gamma = values_of(weights, norm.weight);
  const auto& beta = values_of(weights, norm.bias);
  const auto mean_name = norm.name + ".running_mean", variance_name = norm.name + ".running_var";
  const auto& mean = values_of(weights, mean_name);
  const auto& variance = values_of(weights, variance_name);
  const auto shape = weights.at(conv.weight).shape;
  auto folded = values_of(weights, conv.weight);
  const std::vector<float> old_bias =
      conv.bias.empty() ? std::vector<float>(gamma.size()) : values_of(weights, conv.bias);

  std::vector<float> bias(gamma.size());
  const auto row = folded.size() / gamma.size();
  for (std::size_t o = 0; o < gamma.size(); ++o) {
    const double gain =
        static_cast<double>(gamma[o]) / std::sqrt(static_cast<double>(variance[o]) + kEpsilon);
    for (std::size_t i = o * row; i < (o + 1) * row; ++i) folded[i] = static_cast<float>(folded[i] * gain);
    bias[o] = static_cast<float>(beta[o] + (static_cast<double>(old_bias[o]) - mean[o]) * gain);
    if (!std::isfinite(gain)) {
      throw ModelError("'" + variance_name + "' has the value " + std::to_string(variance[o]) +
                       " for channel " + std::to_string(o) + "; variances must not be negative");
    }
  }
  const Shape bias_shape{static_cast<std::int64_t>(bias.size())};
  conv.bias = conv.name + ".bias";
  weights[conv.weight] = make_tensor(shape, std::move(folded));
  weights[conv.bias] = make_tensor(bias_shape, std::move(bias));
  for (const auto& name : {norm.weight, norm.bias, mean_name, variance_name}) weights.erase(name);
}

}  // namespace

void fold_batch_norms(Graph& network, Weights& weights) {
  for (const auto& node : network.nodes) {
    if (node.kind != OpKind::kBatchNorm) continue;
    auto& conv = convolution_before(network, node);
    fold_one(conv, node, weights);
    conv.outputs = node.outputs;
  }
  std::erase_if(network.nodes, [](const Node& node) { return node.kind == OpKind::kBatchNorm; });
}

void permute_pooled_columns(const Graph& network, Weights& weights, int channels) {
  for (const auto& node : network.nodes) {
    if (node.kind != OpKind::kLinear || node.inputs[0] != "pooled") continue;
    const auto& weight = weights.at(node.weight);
    const auto depth = static_cast<std::size_t>(channels);
    const auto columns = static_cast<std::size_t>(weight.shape.at(1));
    const auto bins = columns / depth;
    std::vector<float> permuted(weight.values->size());
    for (std::size_t row = 0; row < permuted.size(); row += columns) {
      const float* from = weight.values->data() + row;
      for (std::size_t bin = 0; bin < bins; ++bin) {
        for (std::size_t c = 0; c < depth; ++c) permuted[row + bin * depth + c] = from[c * bins + bin];
      }
    }
    weights[node.weight] = make_tensor(weight.shape, std::move(permuted));
  }
}

}  // namespace rcnn::engine
