// SPDX-License-Identifier: MIT
#include "engine/compile/compiler.hpp"
#include "engine/compile/partition.hpp"
#include "engine/compile/passes.hpp"
#include "engine/model/graph_shapes.hpp"

namespace rcnn::engine {
namespace {

double count(const Shape& shape) { return static_cast<double>(element_count(shape)); }

/// Multiply-adds count as two. Host operators whose work depends on the image count as what they do at least.
double flops_of(const Node& node, const Shape& input, const Shape& output) {
  switch (node.kind) {
    case OpKind::kConv2d:
    case OpKind::kLinear: {
      const auto weight = weight_shape(node, input);
      const double per_value =
          2 * count(weight) / static_cast<double>(weight[0]) + (node.bias.empty() ? 0 : 1);
      return per_value * count(output);
    }
    case OpKind::kConvTranspose2d:  // Every input cell meets the whole weight, every output value the bias
      return 2 * count(weight_shape(node, input)) * count(input) / static_cast<double>(input[1]) +
             count(output);
    case OpKind::kMaskPredictor:  // One class a map
      return (2 * static_cast<double>(input[1]) + 1) * count(output);
    case OpKind::kMaxPool2d:
      return (node.kernel * node.kernel - 1) * count(output);
    case OpKind::kBatchNorm:
    case OpKind::kPreprocess:  // Subtract the mean, divide by the deviation
      return 2 * count(output);
    case OpKind::kGlobalAvgPool:
      return count(input);
    case OpKind::kRoiAlign:  // At least one bilinear sample a bin
      return 8 * count(output);
    case OpKind::kDetections:
    case OpKind::kProposals:
      return 0;
    default:
      return count(output);
  }
}

double bytes_of(const Node& node, const ValueShapes& shapes) {
  double elements = 0;
  for (const auto* values : {&node.inputs, &node.outputs}) {
    for (const auto& value : *values) elements += count(shapes.at(value));
  }
  const auto& input = shapes.at(node.inputs.at(0));
  if (has_weight(node.kind)) elements += count(weight_shape(node, input));
  if (node.kind == OpKind::kBatchNorm) elements += 3 * node.out_channels;
  if (!node.bias.empty()) elements += node.out_channels;
  return elements * static_cast<double>(size_of(DType::kF32));
}

std::vector<OperatorReport> report(const Graph& network, const Partition& partition,
                                   const ValueShapes& shapes) {
  std::vector<OperatorReport> reports;
  for (const auto& node : network.nodes) {
    const auto& output = shapes.at(node.outputs.at(0));
    reports.push_back({node.name, to_string(node.kind), place(partition, node), runs_on_core(node.kind),
                       output, flops_of(node, shapes.at(node.inputs.at(0)), output), bytes_of(node, shapes)});
  }
  return reports;
}

}  // namespace

std::vector<OperatorReport> analyze(const ModelConfig& config, const CompileOptions& options, Size image) {
  const auto& partition = find_partition(options.partition);
  const auto network = build_network(config);
  const auto padded = padded_size(network_size(options.input, image), 32);
  const std::int64_t regions = config.max_proposals(), detections = config.box_head.max_detections;
  auto known = program_inputs(config, padded.height, padded.width, regions, detections);
  known["frame"] = {image.height, image.width, 3};
  known["proposals"] = {regions, 4};
  known["detections"] = {detections, 6};
  known["keypoints"] = {detections, config.keypoint_head.num_keypoints, 3};
  known["masks"] = {detections, image.height, image.width};
  const auto shapes = infer_shapes(network, std::move(known));
  return report(network, partition, shapes);
}

std::vector<OperatorReport> analyze(const ClassifierConfig& config, const CompileOptions& options,
                                    Size image) {
  check_classifier_input(options);
  const auto network = build_classifier(config);
  const auto input = network_size(options.input, image);
  const auto shapes =
      infer_shapes(network, {{"frame", {image.height, image.width, 3}},
                             {"image", {1, 3, input.height, input.width}},
                             {"classes", {static_cast<std::int64_t>(config.class_names.size())}}});
  return report(network, classifier_partition(), shapes);
}

}  // namespace rcnn::engine
