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

/// Cells on each side that the cells-to-be of one cell read.
int radius(const Node& node) {
  return std::max((node.stride - 1 + node.padding) / node.stride,
                  (node.kernel - 1 - node.padding) / node.stride);
}

/// [I, O, k, k] -> [s * s * O, I, 2r + 1, 2r + 1]: a row for each place within a cell and channel, the
/// channel fastest. Output s * y + p takes input y + d with weight p + padding - s * d.
CheckpointTensor as_convolution(const CheckpointTensor& weight, const Node& node) {
  const auto inputs = static_cast<std::size_t>(weight.shape.at(0));
  const auto channels = static_cast<std::size_t>(weight.shape.at(1));
  const int reach = radius(node), window = 2 * reach + 1, places = node.stride * node.stride;
  const auto cells = static_cast<std::size_t>(window * window);
  const auto taps = static_cast<std::size_t>(node.kernel * node.kernel);
  std::vector<float> rows(static_cast<std::size_t>(places) * channels * inputs * cells);
  for (int place = 0; place < places; ++place) {
    for (std::size_t cell = 0; cell < cells; ++cell) {
      const auto tap = [&](int within, int offset) {
        return within + node.padding - node.stride * (offset - reach);
      };
      const int y = tap(place / node.stride, static_cast<int>(cell) / window);
      const int x = tap(place % node.stride, static_cast<int>(cell) % window);
      if (y < 0 || x < 0 || y >= node.kernel || x >= node.kernel) continue;
      const auto from = static_cast<std::size_t>(y * node.kernel + x);
      for (std::size_t o = 0; o < channels; ++o) {
        const auto row = (static_cast<std::size_t>(place) * channels + o) * inputs;
        for (std::size_t i = 0; i < inputs; ++i) {
          rows[(row + i) * cells + cell] = (*weight.values)[(i * channels + o) * taps + from];
        }
      }
    }
  }
  return make_tensor({places * weight.shape[1], weight.shape[0], window, window}, std::move(rows));
}

CheckpointTensor repeated(const CheckpointTensor& bias, int times) {
  std::vector<float> values;
  for (int i = 0; i < times; ++i) values.insert(values.end(), bias.values->begin(), bias.values->end());
  const auto count = static_cast<std::int64_t>(values.size());
  return make_tensor({count}, std::move(values));
}

/// The operator that reads the value and can take cells in that order, through ReLUs, which do not care where
/// a value lies.
Node& reader_of(Graph& network, const Node& deconvolution) {
  auto value = deconvolution.outputs.at(0);
  for (auto& node : network.nodes) {
    if (node.inputs.empty() || node.inputs[0] != value) continue;
    if (node.kind == OpKind::kMaskPredictor || node.kind == OpKind::kUpsampleBilinear) return node;
    if (node.kind != OpKind::kRelu) break;
    value = node.outputs.at(0);
  }
  throw ModelError("transposed convolution '" + deconvolution.name +
                   "' is not followed by a mask predictor or an upsampling; such a network is not supported");
}

}  // namespace

void lower_transposed_convolutions(Graph& network, Weights& weights) {
  for (auto& node : network.nodes) {
    if (node.kind != OpKind::kConvTranspose2d) continue;
    reader_of(network, node).stride = node.stride;
    const int places = node.stride * node.stride, reach = radius(node);
    weights[node.weight] = as_convolution(weights.at(node.weight), node);
    weights[node.bias] = repeated(weights.at(node.bias), places);
    node.kind = OpKind::kConv2d;
    node.out_channels *= places;
    node.kernel = 2 * reach + 1;
    node.padding = reach;
    node.stride = 1;
  }
}

}  // namespace rcnn::engine
