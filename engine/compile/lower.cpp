// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>
#include <vector>

#include "engine/compile/passes.hpp"
#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

CheckpointTensor make_tensor(Shape shape, std::vector<float> values) {
  return {std::move(shape), std::make_shared<const std::vector<float>>(std::move(values))};
}

/// [I, O, s, s] -> [s * s * O, I, 1, 1]: a row for each place within a cell and channel, the channel fastest.
CheckpointTensor as_1x1(const CheckpointTensor& weight) {
  const auto inputs = static_cast<std::size_t>(weight.shape.at(0));
  const auto channels = static_cast<std::size_t>(weight.shape.at(1));
  const auto places = static_cast<std::size_t>(weight.shape.at(2) * weight.shape.at(3));
  std::vector<float> rows(weight.values->size());
  for (std::size_t i = 0; i < inputs; ++i) {
    for (std::size_t o = 0; o < channels; ++o) {
      for (std::size_t place = 0; place < places; ++place) {
        rows[(place * channels + o) * inputs + i] = (*weight.values)[(i * channels + o) * places + place];
      }
    }
  }
  return make_tensor({static_cast<std::int64_t>(places * channels), weight.shape[0], 1, 1}, std::move(rows));
}

CheckpointTensor repeated(const CheckpointTensor& bias, int times) {
  std::vector<float> values;
  for (int i = 0; i < times; ++i) values.insert(values.end(), bias.values->begin(), bias.values->end());
  const auto count = static_cast<std::int64_t>(values.size());
  return make_tensor({count}, std::move(values));
}

/// The mask predictor that reads the value, through ReLUs, which do not care where a value lies.
Node& predictor_of(Graph& network, const Node& deconvolution) {
  auto value = deconvolution.outputs.at(0);
  for (auto& node : network.nodes) {
    if (node.inputs.empty() || node.inputs[0] != value) continue;
    if (node.kind == OpKind::kMaskPredictor) return node;
    if (node.kind != OpKind::kRelu) break;
    value = node.outputs.at(0);
  }
  throw ModelError("transposed convolution '" + deconvolution.name +
                   "' is not followed by a mask predictor; such a network is not supported");
}

}  // namespace

void lower_transposed_convolutions(Graph& network, Weights& weights) {
  for (auto& node : network.nodes) {
    if (node.kind != OpKind::kConvTranspose2d) continue;
    predictor_of(network, node).stride = node.stride;
    const int places = node.stride * node.stride;
    weights[node.weight] = as_1x1(weights.at(node.weight));
    weights[node.bias] = repeated(weights.at(node.bias), places);
    node.kind = OpKind::kConv2d;
    node.out_channels *= places;
    node.kernel = node.stride = 1;
  }
}

}  // namespace rcnn::engine
