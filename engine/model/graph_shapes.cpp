// SPDX-License-Identifier: MIT
#include "engine/model/graph_shapes.hpp"

#include <cstdint>
#include <set>
#include <span>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

/// Far above any real layer, far below what would overflow an offset.
constexpr std::int64_t kMaxExtent = std::int64_t{1} << 24;
constexpr std::int64_t kMaxElements = std::int64_t{1} << 32;
constexpr int kMaxWindow = 1024;

[[noreturn]] void refuse(const Graph& graph, const Node& node, const std::string& why) {
  throw ModelError("graph '" + graph.name + "', operator '" + node.name + "' (" + to_string(node.kind) +
                   "): " + why);
}

void check_shape(const Graph& graph, const Node& node, const Shape& shape) {
  std::int64_t elements = 1;
  for (const auto extent : shape) {
    if (extent < 1 || extent > kMaxExtent || (elements *= extent) > kMaxElements) {
      refuse(graph, node, "its output would be " + to_string(shape) + ", which is empty or absurdly large");
    }
  }
}

void check_window(const Graph& graph, const Node& node) {
  if (node.kernel < 1 || node.kernel > kMaxWindow || node.stride < 1 || node.stride > kMaxWindow ||
      node.padding < 0 || node.padding >= node.kernel || node.groups < 1) {
    refuse(
        graph, node,
        "kernel " + std::to_string(node.kernel) + ", stride " + std::to_string(node.stride) + ", padding " +
            std::to_string(node.padding) + ", groups " + std::to_string(node.groups) +
            "; expected are kernel, stride and groups of at least 1 and a padding smaller than the kernel");
  }
}

Shape windowed(const Graph& graph, const Node& node, const Shape& input, std::int64_t channels) {
  check_window(graph, node);
  Shape output{input[0], channels};
  for (const std::size_t axis : {2U, 3U}) {
    const auto span = input[axis] + 2 * node.padding - node.kernel;
    if (span < 0) refuse(graph, node, "its window is larger than its input " + to_string(input));
    output.push_back(span / node.stride + 1);
  }
  return output;
}

Shape conv_shape(const Graph& graph, const Node& node, const Shape& input) {
  check_window(graph, node);
  if (node.out_channels < 1 || input[1] % node.groups != 0 || node.out_channels % node.groups != 0) {
    refuse(graph, node,
           std::to_string(input[1]) + " input and " + std::to_string(node.out_channels) +
               " output channels cannot be split into " + std::to_string(node.groups) + " groups");
  }
  return windowed(graph, node, input, node.out_channels);
}

Shape transposed_shape(const Graph& graph, const Node& node, const Shape& input) {
  check_window(graph, node);
  if (node.out_channels < 1 || node.kernel != node.stride + 2 * node.padding || node.groups != 1) {
    refuse(graph, node,
           "kernel " + std::to_string(node.kernel) + ", stride " + std::to_string(node.stride) +
               ", padding " + std::to_string(node.padding) + ", groups " + std::to_string(node.groups) +
               "; supported is a kernel of stride + 2 * padding, without groups");
  }
  return {input[0], node.out_channels, input[2] * node.stride, input[3] * node.stride};
}

Shape doubled_shape(const Graph& graph, const Node& node, const Shape& input) {
  check_window(graph, node);
  const int places = node.stride * node.stride;
  if (input[1] % places != 0) {
    refuse(graph, node,
           to_string(input) + " does not hold channels for " + std::to_string(places) + " cells each");
  }
  return {input[0], input[1] / places, 2 * node.stride * input[2], 2 * node.stride * input[3]};
}

Shape mask_shape(const Graph& graph, const Node& node, const Shape& input, const Shape& classes) {
  check_window(graph, node);
  if (node.out_channels < 1 || classes != Shape{input[0]} || input[1] % (node.stride * node.stride) != 0) {
    refuse(graph, node,
           "inputs are " + to_string(input) + " and " + to_string(classes) + "; expected are channels for " +
               std::to_string(node.stride * node.stride) + " cells each and one class a map");
  }
  return {input[0], input[2] * node.stride, input[3] * node.stride};
}

Shape upsample_shape(const Graph& graph, const Node& node, const Shape& fine, const Shape& coarse) {
  if (coarse.size() != 4 || coarse[0] != fine[0] || coarse[1] != fine[1] || coarse[2] * 2 != fine[2] ||
      coarse[3] * 2 != fine[3]) {
    refuse(graph, node,
           "inputs are " + to_string(fine) + " and " + to_string(coarse) +
               "; the first must be twice as high and wide as the second");
  }
  return fine;
}

Shape linear_shape(const Graph& graph, const Node& node, const Shape& input) {
  if (node.out_channels < 1 || input.size() < 2) refuse(graph, node, "cannot take " + to_string(input));
  return {input[0], node.out_channels};
}

void check_arity(const Graph& graph, const Node& node) {
  const bool two = node.kind == OpKind::kAdd || node.kind == OpKind::kUpsampleAdd ||
                   node.kind == OpKind::kScale || node.kind == OpKind::kMaskPredictor ||
                   (node.kind == OpKind::kConv2d && node.fused_sum);
  const std::size_t wanted = two ? 2 : 1;
  if (node.inputs.size() != wanted || node.outputs.size() != 1) {
    refuse(graph, node,
           std::to_string(node.inputs.size()) + " inputs and " + std::to_string(node.outputs.size()) +
               " outputs; expected are " + std::to_string(wanted) + " and 1");
  }
  if ((has_weight(node.kind) || node.kind == OpKind::kBatchNorm) && node.weight.empty())
    refuse(graph, node, "names no weight");
  if (node.fused_sum && node.kind != OpKind::kConv2d) refuse(graph, node, "cannot add a further input");
}

bool is_activation(OpKind kind) {
  return kind == OpKind::kRelu || kind == OpKind::kSilu || kind == OpKind::kSigmoid;
}

Shape output_shape(const Graph& graph, const Node& node, std::span<const Shape> inputs) {
  const auto& input = inputs[0];
  const bool image = node.kind != OpKind::kLinear && node.kind != OpKind::kAdd && !is_activation(node.kind);
  if (image && input.size() != 4)
    refuse(graph, node, "cannot take " + to_string(input) + "; expected is [N, C, H, W]");
  switch (node.kind) {
    case OpKind::kConv2d: {
      auto shape = conv_shape(graph, node, input);
      if (node.fused_sum && inputs[1] != shape) {
        refuse(graph, node, "adds " + to_string(inputs[1]) + " to " + to_string(shape));
      }
      return shape;
    }
    case OpKind::kMaxPool2d:
      return windowed(graph, node, input, input[1]);
    case OpKind::kGlobalAvgPool:
      return {input[0], input[1], 1, 1};
    case OpKind::kScale:
      if (inputs[1] != Shape{input[0], input[1], 1, 1}) {
        refuse(graph, node,
               "multiplies " + to_string(input) + " by " + to_string(inputs[1]) +
                   "; expected is one factor a plane");
      }
      return input;
    case OpKind::kUpsampleAdd:
      return upsample_shape(graph, node, input, inputs[1]);
    case OpKind::kLinear:
      return linear_shape(graph, node, input);
    case OpKind::kConvTranspose2d:
      return transposed_shape(graph, node, input);
    case OpKind::kUpsampleBilinear:
      return doubled_shape(graph, node, input);
    case OpKind::kMaskPredictor:
      return mask_shape(graph, node, input, inputs[1]);
    case OpKind::kAdd:
      if (inputs[1] != input) refuse(graph, node, "adds " + to_string(inputs[1]) + " to " + to_string(input));
      return input;
    default:  // BatchNorm, activations
      return input;
  }
}

}  // namespace

bool runs_on_core(OpKind kind) { return kind < OpKind::kPreprocess; }

bool has_weight(OpKind kind) {
  return kind == OpKind::kConv2d || kind == OpKind::kLinear || kind == OpKind::kConvTranspose2d ||
         kind == OpKind::kMaskPredictor;
}

ValueShapes program_inputs(const ModelConfig& config, std::int64_t height, std::int64_t width,
                           std::int64_t regions, std::int64_t detections) {
  const std::int64_t side = config.box_head.pooler_resolution, channels = config.fpn.out_channels;
  ValueShapes shapes{{"image", {1, 3, height, width}}, {"pooled", {regions, side * side, channels}}};
  if (config.mask_on) {
    const std::int64_t mask_side = config.mask_head.pooler_resolution;
    shapes["mask_pooled"] = {detections, channels, mask_side, mask_side};
    shapes["mask_classes"] = {detections};
  }
  if (config.keypoint_on) {
    const std::int64_t keypoint_side = config.keypoint_head.pooler_resolution;
    shapes["keypoint_pooled"] = {detections, channels, keypoint_side, keypoint_side};
  }
  return shapes;
}

Shape weight_shape(const Node& node, const Shape& input) {
  if (node.kind == OpKind::kLinear) return {node.out_channels, element_count(input) / input.at(0)};
  if (node.kind == OpKind::kConvTranspose2d)
    return {input.at(1), node.out_channels, node.kernel, node.kernel};
  if (node.kind == OpKind::kMaskPredictor)
    return {node.out_channels, input.at(1) / (node.stride * node.stride), 1, 1};
  return {node.out_channels, input.at(1) / node.groups, node.kernel, node.kernel};
}

ValueShapes infer_shapes(const Graph& graph, ValueShapes known) {
  std::set<std::string> written;
  for (const auto& input : graph.inputs) {
    if (!written.insert(input).second)
      throw ModelError("graph '" + graph.name + "' has the input '" + input + "' twice");
  }
  for (const auto& node : graph.nodes) {
    if (runs_on_core(node.kind)) check_arity(graph, node);
    std::vector<Shape> inputs;
    for (const auto& name : node.inputs) {
      if (!written.contains(name)) {
        refuse(graph, node, "reads '" + name + "', which no earlier operator writes and is not an input");
      }
      if (!runs_on_core(node.kind)) continue;
      if (!known.contains(name)) refuse(graph, node, "the shape of its input '" + name + "' is unknown");
      inputs.push_back(known.at(name));
    }
    for (const auto& name : node.outputs) {
      if (!written.insert(name).second)
        refuse(graph, node, "writes '" + name + "', which is written already");
      if (!runs_on_core(node.kind)) continue;
      auto shape = output_shape(graph, node, inputs);
      check_shape(graph, node, shape);
      known[name] = std::move(shape);
    }
  }
  for (const auto& output : graph.outputs) {
    if (!written.contains(output)) {
      throw ModelError("graph '" + graph.name + "' has the output '" + output +
                       "', which no operator writes");
    }
  }
  return known;
}

}  // namespace rcnn::engine
