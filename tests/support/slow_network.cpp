// SPDX-License-Identifier: MIT
#include "tests/support/slow_network.hpp"

#include <cmath>

#include "engine/model/graph.hpp"
#include "engine/model/graph_shapes.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::tests {
namespace {

using engine::Node;
using engine::OpKind;
using Values = std::map<std::string, std::vector<float>>;

class SlowNetwork {
 public:
  SlowNetwork(const engine::Checkpoint& checkpoint, const engine::ValueShapes& shapes, Values& values)
      : checkpoint_(checkpoint), shapes_(shapes), values_(values) {}

  std::vector<float> run(const Node& node) const {
    const auto& source = values_.at(node.inputs[0]);
    switch (node.kind) {
      case OpKind::kConv2d:
        return slow_conv2d(window(node), source, parameter(node.weight), parameter(node.bias));
      case OpKind::kBatchNorm:
        return batch_norm(node, source);
      case OpKind::kRelu:
        return slow_relu(source);
      case OpKind::kAdd:
        return sum(source, values_.at(node.inputs[1]));
      case OpKind::kMaxPool2d:
        return slow_max_pool2d(window(node), source);
      case OpKind::kConvTranspose2d:
        return slow_conv_transpose2d(window(node), source, parameter(node.weight), parameter(node.bias));
      case OpKind::kUpsampleBilinear: {
        const auto c = window(node);
        return slow_upsample_bilinear(c.channels, c.height, c.width, source);
      }
      case OpKind::kMaskPredictor:
        return slow_mask_predictor(window(node).channels,
                                   static_cast<std::size_t>(values_.at(node.inputs[1])[0]), source,
                                   parameter(node.weight), parameter(node.bias));
      default:  // kUpsampleAdd
        const auto& coarse = shapes_.at(node.inputs[1]);
        return slow_upsample_add(static_cast<int>(coarse[1]), static_cast<int>(coarse[2]),
                                 static_cast<int>(coarse[3]), source, values_.at(node.inputs[1]));
    }
  }

 private:
  std::span<const float> parameter(const std::string& name) const {
    if (name.empty()) return {};
    return *checkpoint_.tensors.at(name).values;
  }

  WindowCase window(const Node& node) const {
    const auto& shape = shapes_.at(node.inputs[0]);
    return {static_cast<int>(shape[1]),
            node.out_channels,
            static_cast<int>(shape[2]),
            static_cast<int>(shape[3]),
            node.kernel,
            node.stride,
            node.padding,
            node.groups};
  }

  std::vector<float> batch_norm(const Node& node, std::vector<float> values) const {
    const auto gamma = parameter(node.weight), beta = parameter(node.bias);
    const auto mean = parameter(node.name + ".running_mean"),
               variance = parameter(node.name + ".running_var");
    const auto cells = values.size() / gamma.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto c = i / cells;
      const double normal =
          (static_cast<double>(values[i]) - mean[c]) / std::sqrt(static_cast<double>(variance[c]) + 1e-5);
      values[i] = static_cast<float>(normal * gamma[c] + beta[c]);
    }
    return values;
  }

  static std::vector<float> sum(std::vector<float> a, const std::vector<float>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
    return a;
  }

  const engine::Checkpoint& checkpoint_;
  const engine::ValueShapes& shapes_;
  Values& values_;
};

/// Runs what can be run from the values that are there.
Values slow_values(const engine::ModelConfig& config, const engine::Checkpoint& checkpoint,
                   const engine::ValueShapes& inputs, Values values) {
  const auto network = engine::build_network(config);
  const auto shapes = engine::infer_shapes(network, inputs);
  const SlowNetwork slow(checkpoint, shapes, values);
  for (const auto& node : network.nodes) {
    if (engine::runs_on_core(node.kind) && values.contains(node.inputs[0]))
      values[node.outputs[0]] = slow.run(node);
  }
  return values;
}

}  // namespace

std::map<std::string, std::vector<float>> slow_backbone(const engine::ModelConfig& config,
                                                        const engine::Checkpoint& checkpoint,
                                                        std::span<const float> image, int height, int width) {
  return slow_values(config, checkpoint, engine::program_inputs(config, height, width, 1, 1),
                     {{"image", {image.begin(), image.end()}}});
}

std::vector<float> slow_mask_head(const engine::ModelConfig& config, const engine::Checkpoint& checkpoint,
                                  std::span<const float> pooled, int label) {
  const auto values = slow_values(
      config, checkpoint, engine::program_inputs(config, 64, 64, 1, 1),
      {{"mask_pooled", {pooled.begin(), pooled.end()}}, {"mask_classes", {static_cast<float>(label)}}});
  return values.at("mask_probabilities");
}

std::vector<float> slow_keypoint_head(const engine::ModelConfig& config, const engine::Checkpoint& checkpoint,
                                      std::span<const float> pooled) {
  return slow_values(config, checkpoint, engine::program_inputs(config, 64, 64, 1, 1),
                     {{"keypoint_pooled", {pooled.begin(), pooled.end()}}})
      .at("keypoint_heatmaps");
}

}  // namespace rcnn::tests
