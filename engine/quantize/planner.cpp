// SPDX-License-Identifier: MIT
#include "engine/quantize/planner.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/compile/precision.hpp"
#include "engine/compile/quantization.hpp"
#include "engine/errors.hpp"
#include "engine/quantize/range.hpp"

namespace rcnn::engine {
namespace {

constexpr const char* kSensitive = "sensitive";
constexpr const char* kNoOperator = "no int8 operator";

/// A weight as its layer has it, by Winograd's method before its transform.
std::vector<float> rounded_weight(const LayerPrecision& layer, const CheckpointTensor& weight) {
  if (weight_precision(layer) != kInt8) return widen(narrow(*weight.values, DType::kBf16), DType::kBf16);
  const auto steps = weight_steps(weight);
  return from_int8(to_int8(*weight.values, steps), steps);
}

/// Root mean square of rounding a weight over that of the weight.
double weight_error(const LayerPrecision& layer, const CheckpointTensor& weight) {
  const auto rounded = rounded_weight(layer, weight);
  double error = 0, squares = 0;
  for (std::size_t i = 0; i < rounded.size(); ++i) {
    const double value = (*weight.values)[i];
    error += (rounded[i] - value) * (rounded[i] - value);
    squares += value * value;
  }
  return squares > 0 ? std::sqrt(error / squares) : 0;
}

/// Rounding the inputs and rounding the weights add independent errors to a layer's sums.
double harm(const LayerPrecision& layer) { return std::hypot(layer.weight_error, layer.input_error); }

/// Exact ones are exact whatever is quick.
void set_aside(LayerPrecision& layer, const char* rest) {
  layer.precision = rest;
  if (layer.precision == "f32") layer.method = kDirectMethod;
}

}  // namespace

std::set<std::string> Planner::values_of_interest(const CompiledModel& model) {
  Quantization all;
  std::set<std::string> values;
  for (const auto& program : model.programs) {
    for (const auto& layer : layers_of(program.graph)) {
      all.layers[layer.weight].precision = layer.quantizable ? kInt8 : "f32";
    }
    values.merge(quantized_values(program.graph, all));
  }
  return values;
}

Planner::Planner(const CompiledModel& model, std::map<std::string, Histogram> histograms,
                 const std::string& range_method, const LayerMethods& methods)
    : model_(model) {
  for (const auto& [value, histogram] : histograms) {
    if (histogram.not_finite() > 0) {
      throw ModelError(
          "calibration met " + std::to_string(histogram.not_finite()) + " elements of '" + value +
          "' that are infinite or not a number, which int8 has no steps for; check the weights, or "
          "compile with --precision bf16");
    }
    steps_[value] = activation_step(histogram, range_method);
  }
  for (const auto& program : model.programs) {
    auto& candidates = candidates_.emplace_back();
    for (const auto& layer : layers_of(program.graph)) {
      auto& planned = layers_[layer.weight];
      if (planned.program.empty()) planned.program = program.graph.name;
      planned.method = method_of(methods, layer.weight);
      const auto is_met = [&](const std::string& value) { return steps_.contains(value); };
      if (!layer.quantizable) {
        planned.reason = kNoOperator;
      } else if (!std::ranges::all_of(layer.inputs, is_met)) {
        planned.reason = kNotReached;
      } else {
        candidates.push_back(layer.weight);
        planned.weight_error = weight_error(planned, model.weights.at(layer.weight));
        for (const auto& value : layer.inputs) {
          planned.input_error =
              std::max(planned.input_error, rounding_error(histograms.at(value), steps_.at(value)));
        }
      }
    }
    std::ranges::stable_sort(candidates, std::greater{},
                             [&](const std::string& weight) { return harm(layers_.at(weight)); });
  }
}

Planner::Planner(const CompiledModel& model, const LayerMethods& methods, const LayerMethods& careful)
    : model_(model), bf16_(true), careful_(careful) {
  layers_ = bf16_plan(model, methods).layers;
  for (const auto& program : model.programs) {
    auto& candidates = candidates_.emplace_back();
    for (const auto& layer : layers_of(program.graph)) {
      if (layers_.at(layer.weight).method != method_of(careful_, layer.weight)) {
        candidates.push_back(layer.weight);
      }
    }
  }
}

void Planner::rank(std::size_t program, const std::vector<double>& harm) {
  std::vector<std::pair<double, std::string>> ranked;
  for (std::size_t i = 0; i < harm.size(); ++i) ranked.emplace_back(harm[i], candidates_.at(program).at(i));
  std::ranges::stable_sort(ranked, std::greater{}, [](const auto& row) { return row.first; });
  std::ranges::transform(ranked, candidates_.at(program).begin(), [](const auto& row) { return row.second; });
}

Quantization Planner::make_bf16(const std::set<std::string>& out) const {
  Quantization plan;
  plan.layers = layers_;
  for (const auto& weight : out) {
    plan.layers.at(weight).method = method_of(careful_, weight);
    plan.layers.at(weight).reason = kSensitive;
  }
  return plan;
}

Quantization Planner::make(const std::set<std::string>& out, const char* rest) const {
  if (bf16_) return make_bf16(out);
  Quantization plan;
  plan.layers = layers_;
  for (auto& [weight, layer] : plan.layers) {
    if (!layer.reason.empty()) set_aside(layer, rest);
  }
  for (const auto& weight : out) {
    auto& layer = plan.layers.at(weight);
    set_aside(layer, rest);
    layer.reason = kSensitive;
  }
  add_steps(plan);
  return plan;
}

void Planner::add_steps(Quantization& plan) const {
  for (const auto& program : model_.programs) {
    for (const auto& value : quantized_values(program.graph, plan)) {
      // Beside a layer that was met, a sum's other part was, too.
      plan.activations[value] = steps_.at(value);
    }
  }
  // A maximum of what lies on steps lies on the same, whichever program reads it.
  for (const auto& program : model_.programs) {
    for (const auto& node : program.graph.nodes) {
      if (node.kind != OpKind::kMaxPool2d) continue;
      const auto written = plan.activations.find(node.outputs.at(0));
      const auto read = plan.activations.find(node.inputs.at(0));
      if (written != plan.activations.end() && read != plan.activations.end()) written->second = read->second;
    }
  }
}

Quantization Planner::trial(std::size_t program, std::size_t kept) const {
  std::set<std::string> out;
  for (const auto& candidates : candidates_) out.insert(candidates.begin(), candidates.end());
  const auto& own = candidates_.at(program);
  for (std::size_t i = kept; i < own.size(); ++i) out.erase(own[i]);
  return trial_without(program, std::move(out));
}

Quantization Planner::trial_of(std::size_t program, std::size_t candidate) const {
  std::set<std::string> out;
  for (const auto& candidates : candidates_) out.insert(candidates.begin(), candidates.end());
  out.erase(candidates_.at(program).at(candidate));
  return trial_without(program, std::move(out));
}

Quantization Planner::trial_without(std::size_t program, std::set<std::string> out) const {
  auto plan = make(out, "f32");
  if (!bf16_) return plan;
  std::set<std::string> here;
  for (const auto& layer : layers_of(model_.programs.at(program).graph)) here.insert(layer.weight);
  for (auto& [weight, layer] : plan.layers) {
    if (!here.contains(weight)) set_aside(layer, "f32");
  }
  return plan;
}

Quantization Planner::plan(const std::vector<std::size_t>& kept) const {
  std::set<std::string> out;
  for (std::size_t program = 0; program < candidates_.size(); ++program) {
    for (std::size_t i = 0; i < kept.at(program); ++i) out.insert(candidates_[program].at(i));
  }
  return make(out, "bf16");
}

std::size_t find_kept(std::size_t candidates, double budget,
                      const std::function<double(std::size_t)>& error) {
  std::size_t low = 0, high = candidates;  // Enough are kept out at `high`, or it is all of them
  while (low < high) {
    const auto middle = low == 0 && high == candidates ? 0 : (low + high) / 2;  // None is what is hoped for
    if (error(middle) <= budget) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return high;
}

}  // namespace rcnn::engine
