// SPDX-License-Identifier: MIT
#include "engine/compile/quantization.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/compile/kernel_rounding.hpp"
#include "engine/compile/precision.hpp"
#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

constexpr const char* kStepsSuffix = ".steps";

bool multiplies_in_int8(const Node& node) {
  return node.kind == OpKind::kConv2d || node.kind == OpKind::kLinear;
}

/// Whether 8-bit values come out as they go in, but for their sum.
bool passes_on(const Node& node) {
  return node.kind == OpKind::kMaxPool2d || node.kind == OpKind::kUpsampleAdd;
}

bool is_int8(const std::string& weight, const Quantization& quantization) {
  const auto layer = quantization.layers.find(weight);
  return layer != quantization.layers.end() && layer->second.precision == kInt8;
}

std::size_t values_per_step(std::size_t values, std::size_t steps) {
  return values / std::max<std::size_t>(1, steps);
}

void round_layer(const std::string& name, const LayerPrecision& layer, Weights& weights,
                 const std::set<std::string>& rectified) {
  auto& tensor = weights.at(name);
  const auto precision = weight_precision(layer);
  if (precision != kInt8) {
    Weights one{{name, tensor}};
    round_weights(one, precision, rectified);
    tensor = one.at(name);
    return;
  }
  const auto& values = *tensor.values;
  const auto bad =
      std::find_if_not(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
  if (bad != values.end()) {
    throw ModelError("'" + name + "' has the value " + std::to_string(*bad) +
                     ", which int8 cannot hold; check the checkpoint");
  }
  auto steps = weight_steps(tensor);
  tensor.values = std::make_shared<const std::vector<float>>(from_int8(to_int8(values, steps), steps));
  const Shape shape{static_cast<std::int64_t>(steps.size())};
  weights[steps_name(name)] = {shape, std::make_shared<const std::vector<float>>(std::move(steps))};
}

}  // namespace

std::vector<Layer> layers_of(const Graph& graph) {
  std::vector<Layer> layers;
  for (const auto& node : graph.nodes) {
    if (node.weight.empty()) continue;
    const auto is_same = [&](const Layer& layer) { return layer.weight == node.weight; };
    auto layer = std::find_if(layers.begin(), layers.end(), is_same);
    if (layer == layers.end()) layer = layers.insert(layer, {node.weight, {}, multiplies_in_int8(node)});
    layer->inputs.push_back(node.inputs.at(0));
  }
  return layers;
}

std::string weight_precision(const LayerPrecision& layer) {
  return layer.precision == kInt8 && layer.method != kDirectMethod ? "bf16" : layer.precision;
}

std::set<std::string> quantized_values(const Graph& graph, const Quantization& quantization) {
  std::set<std::string> values;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (is_int8(node->weight, quantization) || (passes_on(*node) && values.contains(node->outputs.at(0)))) {
      values.insert(node->inputs.begin(), node->inputs.end());
    }
  }
  return values;
}

std::vector<std::string> methods() { return {kDirectMethod, "F(2x2,3x3)", "F(4x4,3x3)"}; }

std::string steps_name(const std::string& weight) { return weight + kStepsSuffix; }

bool is_steps_name(const std::string& tensor) { return tensor.ends_with(kStepsSuffix); }

std::vector<float> weight_steps(const CheckpointTensor& weight) {
  const auto& values = *weight.values;
  std::vector<float> steps(static_cast<std::size_t>(weight.shape.at(0)));
  const auto count = values_per_step(values.size(), steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    float most = 0;
    for (const float value : std::span(values).subspan(i * count, count))
      most = std::max(most, std::abs(value));
    // A step below the normal numbers would lose its own digits.
    const float step = most / kWeightMost;
    steps[i] = std::isnormal(step) ? step : 1.F;
  }
  return steps;
}

std::vector<std::byte> to_int8(std::span<const float> values, std::span<const float> steps) {
  const auto count = values_per_step(values.size(), steps.size());
  std::vector<std::byte> integers;
  integers.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float nearest = std::nearbyint(values[i] / steps[i / count]);
    const auto integer = static_cast<std::int8_t>(std::clamp<float>(nearest, -kWeightMost, kWeightMost));
    integers.push_back(static_cast<std::byte>(integer));
  }
  return integers;
}

void from_int8(std::span<const std::byte> integers, std::span<const float> steps, std::span<float> values) {
  const auto count = values_per_step(integers.size(), steps.size());
  auto* value = values.data();
  const auto* integer = integers.data();
  for (const float step : steps) {
    for (std::size_t i = 0; i < count; ++i)
      *value++ = static_cast<float>(static_cast<std::int8_t>(*integer++)) * step;
  }
}

std::vector<float> from_int8(std::span<const std::byte> integers, std::span<const float> steps) {
  std::vector<float> values(integers.size());
  from_int8(integers, steps, values);
  return values;
}

std::set<std::string> parameter_names(const Graph& graph, const std::optional<Quantization>& quantization) {
  std::set<std::string> names;
  for (const auto& node : graph.nodes) {
    names.insert({node.weight, node.bias});
    if (!quantization) continue;
    const auto layer = quantization->layers.find(node.weight);
    if (layer != quantization->layers.end() && weight_precision(layer->second) == kInt8) {
      names.insert(steps_name(node.weight));
    }
  }
  names.erase("");
  return names;
}

DType stored_type(const std::string& name, const Shape& shape, const std::string& precision,
                  const std::optional<Quantization>& quantization) {
  if (shape.size() < 2) return DType::kF32;
  if (!quantization) return stored_type(precision, shape);
  const auto layer = quantization->layers.find(name);
  if (layer == quantization->layers.end()) {
    throw ModelError("its quantization does not have the weight '" + name + "'");
  }
  return stored_type(weight_precision(layer->second), shape);
}

void quantize(CompiledModel& model, Quantization quantization, const std::string& precision) {
  const auto rectified = rectified_weights(model.programs);
  for (const auto& program : model.programs) {
    for (const auto& layer : layers_of(program.graph)) {
      const auto planned = quantization.layers.find(layer.weight);
      if (planned == quantization.layers.end()) {
        throw ModelError("the quantization does not have the weight '" + layer.weight + "'");
      }
      round_layer(layer.weight, planned->second, model.weights, rectified);
    }
  }
  model.options.precision = precision;
  model.quantization = std::move(quantization);
}

namespace {

void read(const nlohmann::json& json, ActivationStep& activation) {
  activation.step = json.at("step").get<float>();
  activation.is_signed = json.at("signed").get<bool>();
  if (!std::isnormal(activation.step) || activation.step < 0) {
    throw ModelError("a step of its quantization is " + std::to_string(activation.step));
  }
}

void read(const nlohmann::json& json, LayerPrecision& layer) {
  layer.precision = json.at("precision").get<std::string>();
  layer.method = json.value("method", kDirectMethod);  // Before there were others, there was no word of it
  layer.reason = json.at("reason").get<std::string>();
  layer.program = json.at("program").get<std::string>();
  layer.weight_error = json.at("weight_error").get<double>();
  layer.input_error = json.at("input_error").get<double>();
  if (layer.precision != kInt8 && layer.precision != "bf16" && layer.precision != "f32") {
    throw ModelError("a layer of its quantization is of precision '" + layer.precision +
                     "'; supported are int8, bf16, f32");
  }
  const auto known = methods();
  if (std::ranges::find(known, layer.method) == known.end()) {
    throw ModelError("a layer of its quantization is to be computed by '" + layer.method +
                     "'; supported are direct, F(2x2,3x3), F(4x4,3x3)");
  }
}

}  // namespace

void to_json(nlohmann::json& json, const Quantization& quantization) {
  json = {{"measured", quantization.measured},
          {"range_method", quantization.range_method},
          {"images", quantization.images},
          {"images_checksum", quantization.images_checksum},
          {"search_images", quantization.search_images},
          {"budget", quantization.budget},
          {"errors", quantization.errors},
          {"activations", nlohmann::json::object()},
          {"layers", nlohmann::json::object()}};
  for (const auto& [name, activation] : quantization.activations) {
    json["activations"][name] = {{"step", activation.step}, {"signed", activation.is_signed}};
  }
  for (const auto& [name, layer] : quantization.layers) {
    json["layers"][name] = {{"precision", layer.precision},
                            {"method", layer.method},
                            {"reason", layer.reason},
                            {"program", layer.program},
                            {"weight_error", layer.weight_error},
                            {"input_error", layer.input_error}};
  }
}

void from_json(const nlohmann::json& json, Quantization& quantization) {
  quantization.measured = json.value("measured", false);
  quantization.range_method = json.at("range_method").get<std::string>();
  quantization.images = json.at("images").get<int>();
  quantization.images_checksum = json.value("images_checksum", "");  // Which was not always recorded
  quantization.search_images = json.at("search_images").get<int>();
  quantization.budget = json.at("budget").get<double>();
  quantization.errors = json.at("errors").get<std::map<std::string, double>>();
  for (const auto& [name, entry] : json.at("activations").items())
    read(entry, quantization.activations[name]);
  for (const auto& [name, entry] : json.at("layers").items()) read(entry, quantization.layers[name]);
}

}  // namespace rcnn::engine
