// SPDX-License-Identifier: MIT
#include "engine/model/graph_builder.hpp"

#include <utility>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

struct DepthRow {
  int depth;
  bool basic;
  std::array<int, 4> blocks;
};
constexpr std::array<DepthRow, 5> kDepths{{{18, true, {2, 2, 2, 2}},
                                           {34, true, {3, 4, 6, 3}},
                                           {50, false, {3, 4, 6, 3}},
                                           {101, false, {3, 4, 23, 3}},
                                           {152, false, {3, 8, 36, 3}}}};

const DepthRow& depth_row(int depth) {
  for (const auto& row : kDepths) {
    if (row.depth == depth) return row;
  }
  throw ModelError("RESNETS.DEPTH is " + std::to_string(depth) + "; supported are 18, 34, 50, 101 and 152");
}

Node window_node(const std::string& name, OpKind kind, const std::string& input, const Window& window) {
  Node node;
  node.name = name;
  node.kind = kind;
  node.inputs = {input};
  node.out_channels = window.out_channels;
  node.kernel = window.kernel;
  node.stride = window.stride;
  node.padding = window.padding;
  node.groups = window.groups;
  return node;
}

}  // namespace

bool is_basic(const ModelConfig::ResNet& config) { return depth_row(config.depth).basic; }

std::array<int, 4> resnet_blocks(const ModelConfig::ResNet& config) {
  const auto& row = depth_row(config.depth);
  if (row.basic && config.num_groups != 1) {
    throw ModelError("RESNETS.NUM_GROUPS is " + std::to_string(config.num_groups) + " with RESNETS.DEPTH " +
                     std::to_string(config.depth) + "; ResNet-18 and 34 support 1");
  }
  if (config.res5_dilation != 1) {
    throw ModelError("RESNETS.RES5_DILATION is " + std::to_string(config.res5_dilation) + "; supported is 1");
  }
  return row.blocks;
}

std::string GraphBuilder::append(Node node, std::string output) {
  if (output.empty()) output = node.name;
  node.outputs = {output};
  nodes_.push_back(std::move(node));
  return output;
}

std::string GraphBuilder::conv_norm(const std::string& name, const std::string& input, const Window& window,
                                    const std::string& norm_name) {
  auto conv = window_node(name, OpKind::kConv2d, input, window);
  conv.weight = name + ".weight";
  const auto value = append(std::move(conv), {});
  if (!norm_) return value;
  Node norm;
  norm.name = norm_name.empty() ? name + ".norm" : norm_name;
  norm.kind = OpKind::kBatchNorm;
  norm.inputs = {value};
  norm.weight = norm.name + ".weight";
  norm.bias = norm.name + ".bias";
  norm.out_channels = window.out_channels;
  return append(std::move(norm), {});
}

std::string GraphBuilder::conv_bias(const std::string& module, const std::string& input, const Window& window,
                                    std::string output, std::string node) {
  auto conv = window_node(node.empty() ? module : node, OpKind::kConv2d, input, window);
  conv.weight = module + ".weight";
  conv.bias = module + ".bias";
  return append(std::move(conv), std::move(output));
}

std::string GraphBuilder::relu(const std::string& name, const std::string& input) {
  return append(window_node(name, OpKind::kRelu, input, {}), {});
}

std::string GraphBuilder::silu(const std::string& name, const std::string& input) {
  return append(window_node(name, OpKind::kSilu, input, {}), {});
}

std::string GraphBuilder::sigmoid(const std::string& name, const std::string& input) {
  return append(window_node(name, OpKind::kSigmoid, input, {}), {});
}

std::string GraphBuilder::scale(const std::string& name, const std::string& input,
                                const std::string& factors) {
  auto node = window_node(name, OpKind::kScale, input, {});
  node.inputs.push_back(factors);
  return append(std::move(node), {});
}

std::string GraphBuilder::global_avg_pool(const std::string& name, const std::string& input) {
  return append(window_node(name, OpKind::kGlobalAvgPool, input, {}), {});
}

std::string GraphBuilder::add(const std::string& name, const std::string& a, const std::string& b) {
  auto node = window_node(name, OpKind::kAdd, a, {});
  node.inputs.push_back(b);
  return append(std::move(node), {});
}

std::string GraphBuilder::max_pool(const std::string& name, const std::string& input, const Window& window,
                                   std::string output) {
  return append(window_node(name, OpKind::kMaxPool2d, input, window), std::move(output));
}

std::string GraphBuilder::upsample_add(const std::string& name, const std::string& fine,
                                       const std::string& coarse) {
  auto node = window_node(name, OpKind::kUpsampleAdd, fine, {});
  node.inputs.push_back(coarse);
  return append(std::move(node), {});
}

std::string GraphBuilder::linear(const std::string& name, const std::string& input, int out_features,
                                 std::string output) {
  auto node = window_node(name, OpKind::kLinear, input, {.out_channels = out_features});
  node.weight = name + ".weight";
  node.bias = name + ".bias";
  return append(std::move(node), std::move(output));
}

std::string GraphBuilder::conv_transpose(const std::string& name, const std::string& input,
                                         const Window& window) {
  auto node = window_node(name, OpKind::kConvTranspose2d, input, window);
  node.weight = name + ".weight";
  node.bias = name + ".bias";
  return append(std::move(node), {});
}

std::string GraphBuilder::upsample_bilinear(const std::string& name, const std::string& input,
                                            std::string output) {
  return append(window_node(name, OpKind::kUpsampleBilinear, input, {}), std::move(output));
}

std::string GraphBuilder::mask_predictor(const std::string& name, const std::string& input,
                                         const std::string& classes, int rows, std::string output) {
  auto node = window_node(name, OpKind::kMaskPredictor, input, {.out_channels = rows});
  node.inputs.push_back(classes);
  node.weight = name + ".weight";
  node.bias = name + ".bias";
  return append(std::move(node), std::move(output));
}

void GraphBuilder::host(OpKind kind, const std::string& name, std::vector<std::string> inputs,
                        std::vector<std::string> outputs) {
  Node node;
  node.name = name;
  node.kind = kind;
  node.inputs = std::move(inputs);
  node.outputs = std::move(outputs);
  nodes_.push_back(std::move(node));
}

std::vector<Node> GraphBuilder::take() { return std::move(nodes_); }

}  // namespace rcnn::engine
