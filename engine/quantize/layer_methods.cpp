// SPDX-License-Identifier: MIT
#include "engine/quantize/layer_methods.hpp"

#include <array>

#include "engine/compile/quantization.hpp"
#include "engine/model/graph_shapes.hpp"
#include "engine/ops/platform.hpp"
#include "engine/ops/winograd_bf16_conv2d.hpp"
#include "engine/runtime/core_pool.hpp"
#include "engine/runtime/thread_count.hpp"

namespace rcnn::engine {
namespace {

/// Those of a careful choice first.
constexpr std::array kAlgorithms{Conv2dAlgorithm::kDirect, Conv2dAlgorithm::kWinograd2x2,
                                 Conv2dAlgorithm::kWinograd4x4};
constexpr std::size_t kCarefulOnes = 2;

Conv2dAlgorithm by_rule(MethodChoice choice) {
  return choice == MethodChoice::kQuickest ? Conv2dAlgorithm::kWinograd4x4 : Conv2dAlgorithm::kDirect;
}

Conv2dParams params_of(const Node& node) {
  return {node.name,   node.weight,  node.bias,   node.out_channels, node.kernel,
          node.stride, node.padding, node.groups, node.activation,   DType::kBf16};
}

/// Nominal shapes of all values: what a stretched picture gives, or one of 4:3.
ValueShapes shapes_of(const CompiledModel& model) {
  const auto& input = model.options.input;
  ValueShapes shapes;
  if (const auto* detector = std::get_if<ModelConfig>(&model.config)) {
    const auto size = network_size(input, {4 * input.shortest, 3 * input.shortest});
    const auto padded = [](int side) { return (side + 31) / 32 * 32; };
    shapes = program_inputs(*detector, padded(size.height), padded(size.width), 1, 1);
  } else {
    shapes = {{"image", {1, 3, input.height, input.width}}};
  }
  for (const auto& program : model.programs) shapes.merge(infer_shapes(program.graph, shapes));
  return shapes;
}

/// A layer's class of convolution: features of both precisions lie channels last.
Conv2dClass class_of(const Node& node, const Shape& input, const std::string& precision, int threads) {
  const auto type = precision == kInt8 ? DType::kU8 : DType::kBf16;
  return {input.at(1), node.out_channels, 1, threads, type};
}

/// What share of the direct time a method may take at most. In int8 the weights of Winograd's method take up
/// to eight times the memory (36 products of two bytes for nine of one; of four bytes without products of
/// bf16): large ones, such as the 19 MB of 512 -> 512, have to be worth that: at 0.78 three of these save
/// R_50 half a percent of a frame for 57 MB.
double worthwhile(const Conv2dClass& shape) {
  constexpr std::int64_t kLarge = std::int64_t{200} << 10;
  const bool large = shape.in_channels * shape.out_channels > kLarge;
  return shape.dtype == DType::kU8 && large ? 0.7 : 0.95;  // The latter as quickest() has it
}

Conv2dAlgorithm quickest_for(const Conv2dClass& shape, const Conv2dCosts& costs,
                             const std::vector<Shape>& maps, MethodChoice choice) {
  std::array<double, kAlgorithms.size()> times{};
  for (std::size_t i = 0; i < times.size(); ++i) {
    for (const auto& map : maps) times[i] += expected_time(costs, kAlgorithms[i], 1, map[2], map[3]);
  }
  std::size_t best = 0;
  const auto count = choice == MethodChoice::kQuickest ? times.size() : kCarefulOnes;
  for (std::size_t i = 1; i < count; ++i) {
    if (times[i] < (best == 0 ? worthwhile(shape) * times[0] : times[best])) best = i;
  }
  return kAlgorithms[best];
}

}  // namespace

std::string method_of(const LayerMethods& methods, const std::string& weight) {
  const auto found = methods.find(weight);
  return found == methods.end() ? kDirectMethod : found->second;
}

bool can_measure_methods(const std::string& precision) {
  return precision == kInt8 ? multiplies_int8() : winograd_multiplies_bf16();
}

LayerMethods choose_methods(const CompiledModel& model, const std::string& precision, Conv2dPicks& picks,
                            MethodChoice choice) {
  struct Candidate {
    Conv2dClass shape;
    std::vector<Shape> maps;  ///< Of each operator that reads the weight
  };
  const int cores = CoreSettings::from_environment().threads_per_core;
  const auto shapes = shapes_of(model);
  std::map<std::string, Candidate> candidates;
  for (const auto& program : model.programs) {
    for (const auto& node : program.graph.nodes) {
      if (node.kind != OpKind::kConv2d) continue;
      const auto& input = shapes.at(node.inputs.at(0));
      if (!winograd_bf16_computes(params_of(node), input.at(1))) continue;
      auto& candidate = candidates[node.weight];
      candidate.shape = class_of(node, input, precision, cores);
      candidate.maps.push_back(input);
    }
  }
  LayerMethods methods;
  const ThreadCount threads(cores);
  const bool measure = can_measure_methods(precision);
  for (const auto& [weight, candidate] : candidates) {
    methods[weight] = to_string(
        measure ? quickest_for(candidate.shape, picks.costs(candidate.shape), candidate.maps, choice)
                : by_rule(choice));
  }
  return methods;
}

Quantization bf16_plan(const CompiledModel& model, const LayerMethods& methods) {
  Quantization plan;
  plan.measured = can_measure_methods("bf16");
  for (const auto& program : model.programs) {
    for (const auto& layer : layers_of(program.graph)) {
      auto& planned = plan.layers[layer.weight];
      planned.precision = "bf16";
      planned.method = method_of(methods, layer.weight);
      if (planned.program.empty()) planned.program = program.graph.name;
    }
  }
  return plan;
}

}  // namespace rcnn::engine
