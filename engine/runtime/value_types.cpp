// SPDX-License-Identifier: MIT
#include "engine/runtime/value_types.hpp"

#include <algorithm>
#include <utility>

#include "engine/compile/quantization.hpp"

namespace rcnn::engine {
namespace {

constexpr const char* kF32 = "f32";
constexpr const char* kBf16 = "bf16";

/// What the plan has a layer multiply.
std::string planned(const Node& node, const Quantization& quantization) {
  const auto layer = quantization.layers.find(node.weight);
  return layer != quantization.layers.end() ? layer->second.precision : kF32;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool multiplies(OpKind kind) { return kind == OpKind::kConv2d || kind == OpKind::kLinear; }

bool keeps_type(OpKind kind) {
  switch (kind) {
    case OpKind::kMaxPool2d:
    case OpKind::kUpsampleAdd:
    case OpKind::kAdd:
    case OpKind::kRelu:
    case OpKind::kSilu:
    case OpKind::kSigmoid:
    case OpKind::kScale:
    case OpKind::kGlobalAvgPool:
      return true;
    default:
      return false;
  }
}

ValueTypes::ValueTypes(const Graph& graph, const ProgramShapes& shapes)
    : quantization_(shapes.quantization), has_bf16_(shapes.bf16) {
  if (quantization_ != nullptr) find_8_bits(graph, shapes.borders);
  if (has_bf16_) find_bf16(graph, shapes.borders);
}

std::optional<ActivationStep> ValueTypes::step_of(const std::string& value) const {
  if (!eight_bits_.contains(value)) return std::nullopt;
  return quantization_->activations.at(value);
}

bool ValueTypes::multiplies_int8(const Node& node) const {
  return multiplies(node.kind) && quantization_ != nullptr && planned(node, *quantization_) == kInt8;
}

bool ValueTypes::multiplies_bf16(const Node& node) const {
  if (!has_bf16_ || !multiplies(node.kind)) return false;
  return quantization_ == nullptr || planned(node, *quantization_) == kBf16;
}

TensorSpec ValueTypes::held(TensorSpec spec) const {
  if (const auto step = step_of(spec.name)) {
    spec.dtype = step->dtype();
    spec.step = step->step;
  } else if (is_bf16(spec.name)) {
    spec.dtype = DType::kBf16;
  }
  return spec;
}

bool ValueTypes::is_exact(const Graph& graph, const std::string& value) const {
  const auto writes = [&](const Node& node) { return has(node.outputs, value); };
  const auto node = std::ranges::find_if(graph.nodes, writes);
  if (node == graph.nodes.end()) return true;
  if (multiplies(node->kind)) return quantization_ != nullptr && planned(*node, *quantization_) == kF32;
  return is_exact(graph, node->inputs.at(0));
}

void ValueTypes::find_8_bits(const Graph& graph, const std::set<std::string>& borders) {
  const auto& steps = quantization_->activations;
  eight_bits_ = quantized_values(graph, *quantization_);
  for (const auto& output : graph.outputs) {
    if (borders.contains(output) && steps.contains(output) && !is_exact(graph, output))
      eight_bits_.insert(output);
  }
  // As inside a program: what a border's value is the maximum or the sum of is held likewise.
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool passes_on = node->kind == OpKind::kMaxPool2d || node->kind == OpKind::kUpsampleAdd;
    const auto has_step = [&](const std::string& value) { return steps.contains(value); };
    if (passes_on && eight_bits_.contains(node->outputs.at(0)) &&
        std::ranges::all_of(node->inputs, has_step)) {
      eight_bits_.insert(node->inputs.begin(), node->inputs.end());
    }
  }
}

void ValueTypes::find_bf16(const Graph& graph, const std::set<std::string>& borders) {
  std::set<std::string> read, read_in_bf16;
  for (const auto& node : graph.nodes) {
    read.insert(node.inputs.begin(), node.inputs.end());
    if (multiplies_bf16(node)) read_in_bf16.insert(node.inputs.at(0));
  }
  for (const auto& input : graph.inputs) {
    if (read_in_bf16.contains(input) && !eight_bits_.contains(input)) bf16_.insert(input);
  }
  for (const auto& node : graph.nodes) {
    const auto& result = node.outputs.at(0);
    if (eight_bits_.contains(result)) continue;
    const auto is_held_so = [&](const std::string& value) { return is_bf16(value); };
    // A result that nobody reads is written as f32 at once.
    const bool is_held = multiplies_bf16(node) ? read.contains(result) || borders.contains(result)
                         : multiplies_int8(node)
                             ? read_in_bf16.contains(result) || borders.contains(result)
                             : keeps_type(node.kind) && std::ranges::all_of(node.inputs, is_held_so);
    if (is_held) bf16_.insert(result);
  }
}

}  // namespace rcnn::engine
