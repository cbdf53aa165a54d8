// SPDX-License-Identifier: MIT
#include "engine/runtime/program_builder.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/compile/quantization.hpp"
#include "engine/errors.hpp"
#include "engine/ops/platform.hpp"
#include "engine/ops/winograd_bf16_conv2d.hpp"
#include "engine/runtime/memory_plan.hpp"

namespace rcnn::engine {
namespace {

Conv2dParams params_of(const Node& node, DType result = DType::kF32) {
  return {node.name,   node.weight,  node.bias,   node.out_channels, node.kernel,
          node.stride, node.padding, node.groups, node.activation,   result};
}

bool is_8_bits(const Format& format) { return format.dtype() == DType::kS8 || format.dtype() == DType::kU8; }

}  // namespace

ProgramBuilder::ProgramBuilder(const Graph& graph, const ProgramShapes& shapes, PackedWeights& weights)
    : graph_(graph), shapes_(shapes), weights_(weights), types_(graph, shapes) {}

void ProgramBuilder::build() {
  count_uses();
  for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
    const auto& spec = shapes_.inputs.at(i);
    storages.push_back({Storage::Place::kInput, i, spec.bytes()});
    values_[graph_.inputs[i]] = {Format(spec.shape, spec.layout, spec.dtype), storages.size() - 1};
    round_input(graph_.inputs[i]);
  }
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    if (computed_.contains(i) || add_joined(graph_.nodes[i], i)) continue;
    add_node(graph_.nodes[i], static_cast<int>(i));
  }
  plan();
}

void ProgramBuilder::count_uses() {
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    for (const auto& value : graph_.nodes[i].inputs) last_use_[value] = static_cast<int>(i);
  }
  outputs.resize(graph_.outputs.size());
  for (std::size_t i = 0; i < graph_.outputs.size(); ++i) {
    const auto& name = graph_.outputs[i];
    const bool is_input = std::find(graph_.inputs.begin(), graph_.inputs.end(), name) != graph_.inputs.end();
    if (is_input || !output_index_.emplace(name, i).second) {
      throw ModelError("program '" + graph_.name + "' has the output '" + name +
                       "' twice or as an input as well");
    }
  }
}

DType ProgramBuilder::type_of(const Node& node) const {
  if (!shapes_.narrow_products) return DType::kF32;
  const bool is_bf16 =
      types_.multiplies_bf16(node) || (keeps_type(node.kind) && types_.is_bf16(node.outputs.at(0)));
  return is_bf16 ? DType::kBf16 : DType::kF32;
}

DType ProgramBuilder::result_of(const Node& node) const {
  return types_.is_bf16(node.outputs.at(0)) ? type_of(node) : DType::kF32;
}

Format ProgramBuilder::source_of(const Node& node, std::size_t input) const {
  return values_.at(node.inputs.at(input)).format.as(type_of(node));
}

bool ProgramBuilder::is_int8(const Node& node) const {
  return shapes_.narrow_products && types_.multiplies_int8(node);
}

QuantizedParams ProgramBuilder::quantized_params(const Node& node) const {
  return {.weight_steps = steps_name(node.weight),
          .source = step_of(node.inputs.at(0)),
          .summand = node.fused_sum ? step_of(node.inputs.back()) : std::nullopt,
          .result = step_of(node.outputs.at(0))};
}

bool ProgramBuilder::borders_on_8_bits(const Node& node) const {
  if (!types_.multiplies_bf16(node) || node.kind != OpKind::kConv2d) return false;
  const auto algorithm = planned_algorithm(node);
  const auto channels = values_.at(node.inputs.at(0)).format.shape().at(1);
  if (!algorithm || *algorithm == Conv2dAlgorithm::kDirect ||
      !winograd_bf16_computes(params_of(node), channels)) {
    return false;
  }
  const bool result = step_of(node.outputs.at(0)).has_value();
  if (node.fused_sum && result && !step_of(node.inputs.back())) return false;  // There is no room for it
  return result || step_of(node.inputs.at(0));
}

std::unique_ptr<Operator> ProgramBuilder::make_quantized_convolution(const Node& node) {
  const auto algorithm = planned_algorithm(node).value();
  // Where bf16 is not to be had, what was planned for it is computed in f32 from the values in 8 bits.
  if (algorithm != Conv2dAlgorithm::kDirect && !winograd_multiplies_bf16()) return nullptr;
  // A sum would be added in the result's type, and bf16 cannot hold all that 8 bits' steps can.
  const bool is_bf16 = types_.is_bf16(node.outputs.at(0)) && !(is_int8(node) && node.fused_sum);
  const auto summand = node.fused_sum ? std::optional(source_of(node, 1)) : std::nullopt;
  return make_quantized_conv2d(params_of(node, is_bf16 ? DType::kBf16 : DType::kF32), quantized_params(node),
                               source_of(node, 0), summand ? &*summand : nullptr, weights_, algorithm);
}

std::unique_ptr<Operator> ProgramBuilder::make_quantized(const Node& node) {
  // Whatever wrote it: what is still wider here is rounded before anybody reads it.
  const auto is_in_8_bits = [&](const std::string& value) { return step_of(value).has_value(); };
  const auto source = source_of(node, 0);
  if (node.kind == OpKind::kConv2d) {
    const bool narrow = is_int8(node) || (shapes_.narrow_products && borders_on_8_bits(node));
    return narrow ? make_quantized_convolution(node) : nullptr;
  }
  if (is_int8(node) && node.kind == OpKind::kLinear) {
    const auto shape = source.shape();
    const auto params = params_of(node, types_.is_bf16(node.outputs.at(0)) ? DType::kBf16 : DType::kF32);
    return make_quantized_linear(params, quantized_params(node),
                                 Format({shape[0], element_count(shape) / shape[0]}, Layout::kRowMajor),
                                 weights_);
  }
  const auto result = step_of(node.outputs.at(0));
  if (!shapes_.narrow_products || !result || !std::ranges::all_of(node.inputs, is_in_8_bits)) return nullptr;
  if (node.kind == OpKind::kMaxPool2d && *result == step_of(node.inputs[0])) {
    return make_max_pool2d(node.name, Format(source.shape(), Layout::kNhwc, result->dtype()), node.kernel,
                           node.stride, node.padding);
  }
  if (node.kind == OpKind::kUpsampleAdd) {
    return make_quantized_upsample_add(node.name, source.shape(), step_of(node.inputs[0]).value(),
                                       step_of(node.inputs[1]).value(), *result);
  }
  return nullptr;
}

std::unique_ptr<Operator> ProgramBuilder::make_reorder_of(const std::string& value, const char* suffix,
                                                          const Format& from, const Format& to) const {
  float scale = 1;
  if (is_8_bits(from) != is_8_bits(to)) {
    const float step = step_of(value).value().step;
    scale = is_8_bits(from) ? step : 1 / step;
  }
  return make_reorder(value + suffix, from, to, scale);
}

std::optional<Conv2dAlgorithm> ProgramBuilder::planned_algorithm(const Node& node) const {
  if (shapes_.quantization == nullptr) return std::nullopt;
  const auto layer = shapes_.quantization->layers.find(node.weight);
  if (layer == shapes_.quantization->layers.end() || layer->second.precision == "f32") return std::nullopt;
  for (const auto algorithm : {Conv2dAlgorithm::kWinograd2x2, Conv2dAlgorithm::kWinograd4x4}) {
    if (layer->second.method == to_string(algorithm)) return algorithm;
  }
  return Conv2dAlgorithm::kDirect;
}

Conv2dAlgorithm ProgramBuilder::algorithm_of(const Node& node, const Conv2dParams& params,
                                             const Format& source, const Format* summand) const {
  const bool in_f32 =
      shapes_.narrow_products && source.dtype() == DType::kF32;  // For want of narrow products
  if (const auto planned = planned_algorithm(node); planned && !in_f32) {
    const auto can = conv2d_algorithms(params, source, summand);
    return std::ranges::find(can, *planned) != can.end() ? *planned : Conv2dAlgorithm::kDirect;
  }
  if (shapes_.picks == nullptr || source.dtype() != DType::kF32) return Conv2dAlgorithm::kDirect;
  return shapes_.picks->pick(params, source, summand);
}

std::unique_ptr<Operator> ProgramBuilder::make_convolution(const Node& node) {
  const auto source = source_of(node, 0);
  auto params = params_of(node, result_of(node));
  const auto summand = node.fused_sum ? std::optional(source_of(node, 1).as(params.result)) : std::nullopt;
  const auto algorithm = algorithm_of(node, params, source, summand ? &*summand : nullptr);
  params.round_products = !shapes_.narrow_products && planned_algorithm(node) == algorithm;
  return summand ? make_conv2d_sum(params, source, *summand, weights_, algorithm)
                 : make_conv2d(params, source, weights_, algorithm);
}

std::unique_ptr<Operator> ProgramBuilder::make_operator(const Node& node) {
  if (auto quantized = make_quantized(node)) return quantized;
  const auto source = source_of(node, 0);
  switch (node.kind) {
    case OpKind::kConv2d:
      return make_convolution(node);
    case OpKind::kMaxPool2d:
      return make_max_pool2d(node.name, source, node.kernel, node.stride, node.padding);
    case OpKind::kUpsampleAdd:
      return make_upsample_add(node.name, source, source_of(node, 1));
    case OpKind::kLinear: {
      const auto shape = source.shape();
      return make_linear(
          params_of(node, result_of(node)),
          Format({shape[0], element_count(shape) / shape[0]}, Layout::kRowMajor, source.dtype()), weights_);
    }
    case OpKind::kUpsampleBilinear:
      return make_upsample_bilinear(node.name, source, node.stride);
    case OpKind::kMaskPredictor:
      return make_mask_predictor({node.name, node.weight, node.bias, node.out_channels, node.stride}, source,
                                 weights_);
    case OpKind::kAdd:
      return make_add(node.name, source, source_of(node, 1));
    case OpKind::kRelu:
      return make_activation(node.name, Activation::kRelu, source);
    case OpKind::kSilu:
      return make_activation(node.name, Activation::kSilu, source);
    case OpKind::kSigmoid:
      return make_activation(node.name, Activation::kSigmoid, source);
    case OpKind::kScale:
      return make_scale(node.name, source, source_of(node, 1));
    case OpKind::kGlobalAvgPool:
      return make_global_avg_pool(node.name, source);
    default:
      throw ModelError("program '" + graph_.name + "', operator '" + node.name +
                       "': " + to_string(node.kind) + " cannot run in a program");
  }
}

std::unique_ptr<Operator> ProgramBuilder::make_heads(const Node& first, const Node& second) const {
  const auto source = source_of(first, 0);
  const bool in_8_bits = is_int8(first);
  if (in_8_bits != is_int8(second) || source.dtype() != source_of(second, 0).dtype() ||
      is_rounded_for(first, 0) || is_rounded_for(second, 0)) {
    return nullptr;
  }
  const auto first_params = params_of(first, result_of(first));
  const auto second_params = params_of(second, result_of(second));
  if (!in_8_bits) return make_conv2d_pair(first_params, second_params, source, weights_);
  return make_quantized_conv2d_pair(first_params, quantized_params(first), second_params,
                                    quantized_params(second), source, weights_);
}

std::unique_ptr<Operator> ProgramBuilder::make_joined(const Node& node, const Partner& partner) const {
  const auto& other = graph_.nodes[partner.node];
  if (partner.kind == Partner::Kind::kHead) return make_heads(node, other);
  const bool in_bf16 = types_.is_bf16(node.outputs[0]) && types_.is_bf16(other.outputs[0]);
  if (is_int8(node) || !in_bf16) return nullptr;
  return make_conv2d_max_pool2d(params_of(node, result_of(node)), other.name, source_of(node, 0), weights_);
}

bool ProgramBuilder::add_joined(const Node& node, std::size_t index) {
  for (const auto& partner : find_partners(graph_, index)) {
    auto op = computed_.contains(partner.node) ? nullptr : make_joined(node, partner);
    if (!op) continue;
    const auto& other = graph_.nodes[partner.node];
    const auto read = brought_to(node.inputs[0], op->inputs()[0]).storage;
    std::vector<std::size_t> written;
    std::vector formats{op->output()};
    formats.insert(formats.end(), op->further_outputs().begin(), op->further_outputs().end());
    for (const auto& format : formats) written.push_back(new_storage(format.bytes()));
    add_step(to_string(node.kind), std::move(op), {read}, std::move(written));
    const auto step = steps.size() - 1;
    if (formats.size() > 1) publish(node.outputs[0], formats[0], step, 0);
    publish(other.outputs[0], formats.back(), step, formats.size() - 1);
    computed_.insert(partner.node);
    return true;
  }
  return false;
}

void ProgramBuilder::publish(const std::string& name, const Format& format, std::size_t step,
                             std::size_t output) {
  values_[name] = {format, steps[step].outputs[output]};
  const auto next = steps.size();
  round(name);
  const bool rounded = steps.size() > next;
  steps[rounded ? next : step].values[rounded ? 0 : output] = name;
  if (const auto found = output_index_.find(name); found != output_index_.end()) {
    finish_output(name, found->second);
  }
}

void ProgramBuilder::add_node(const Node& node, int index) {
  auto op = make_operator(node);
  std::vector<std::size_t> inputs;
  std::size_t output = storages.size();
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    // A linear layer flattens its input, which is free for row-major values.
    const auto& asked = op->inputs()[i];
    const auto wanted = node.kind == OpKind::kLinear
                            ? Format(source_of(node, i).shape(), Layout::kRowMajor, asked.dtype())
                            : asked;
    if (static_cast<int>(i) == op->in_place()) {
      output = surrendered(node.inputs[i], wanted, index);
      inputs.push_back(output);
      if (is_rounded_for(node, i)) round_to_bf16(node.inputs[i], wanted, output);
    } else if (is_rounded_for(node, i)) {
      inputs.push_back(rounded_copy(node.inputs[i], wanted));
    } else {
      inputs.push_back(brought_to(node.inputs[i], wanted).storage);
    }
  }
  const auto format = op->output();
  if (op->in_place() < 0) output = new_storage(format.bytes());
  add_step(to_string(node.kind), std::move(op), std::move(inputs), {output});
  publish(node.outputs[0], format, steps.size() - 1, 0);
}

ProgramBuilder::Value ProgramBuilder::brought_to(const std::string& name, const Format& wanted) {
  const auto& value = values_.at(name);
  if (value.format == wanted) return value;
  for (const auto& copy : reordered_[name]) {
    if (copy.format == wanted) return copy;
  }
  Value copy{wanted, new_storage(wanted.bytes())};
  add_step(kReorder, make_reorder_of(name, ".reorder", value.format, wanted), {value.storage},
           {copy.storage});
  reordered_[name].push_back(copy);
  return copy;
}

std::size_t ProgramBuilder::surrendered(const std::string& name, const Format& wanted, int node) {
  const auto value = values_.at(name);
  const auto& read = graph_.nodes[static_cast<std::size_t>(node)].inputs;
  const bool dies =
      last_use_.at(name) == node && !output_index_.contains(name) &&
      std::count(read.begin(), read.end(), name) == 1;  // Else it would be read while overwritten
  if (dies && value.format == wanted && storages[value.storage].place == Storage::Place::kArena)
    return value.storage;
  const auto copy = new_storage(wanted.bytes());
  add_step(kReorder, make_reorder_of(name, ".copy", value.format, wanted), {value.storage}, {copy});
  return copy;
}

std::size_t ProgramBuilder::new_storage(std::size_t bytes) {
  const int now = static_cast<int>(steps.size());
  storages.push_back({Storage::Place::kArena, 0, bytes, now, now});
  return storages.size() - 1;
}

void ProgramBuilder::add_step(std::string kind, std::unique_ptr<Operator> op, std::vector<std::size_t> inputs,
                              std::vector<std::size_t> results) {
  const int now = static_cast<int>(steps.size());
  for (const auto input : inputs) storages[input].last = now;
  for (const auto output : results) storages[output].last = now;
  const auto scratch = new_storage(op->scratch_bytes());
  std::vector<std::string> values(results.size());
  steps.push_back(
      {std::move(op), std::move(kind), std::move(inputs), std::move(results), std::move(values), scratch});
}

void ProgramBuilder::finish_output(const std::string& name, std::size_t index) {
  auto& value = values_.at(name);
  const auto wish = shapes_.output_layouts.find(name);
  const auto layout =
      wish != shapes_.output_layouts.end() ? wish->second : value.format.layout().value_or(Layout::kRowMajor);
  const auto shape = value.format.shape();
  outputs[index] = {name, shape, DType::kF32, layout};
  if (shapes_.narrow_products) outputs[index] = types_.held(outputs[index]);
  const Format target(shape, layout, outputs[index].dtype);
  if (value.format == target) {
    storages[value.storage].place = Storage::Place::kOutput;
    storages[value.storage].index = index;
    return;
  }
  const auto storage = new_storage(target.bytes());
  storages[storage].place = Storage::Place::kOutput;
  storages[storage].index = index;
  add_step(kReorder, make_reorder_of(name, ".reorder", value.format, target), {value.storage}, {storage});
  // Later readers go on reading the arena's copy, which is in the layout that operators like; but no other
  // values than those beyond the program read.
  if (value.format.dtype() != target.dtype()) value = {target, storage};
}

void ProgramBuilder::plan() {
  std::vector<Lifetime> buffers;
  std::vector<std::size_t> owners;
  for (std::size_t i = 0; i < storages.size(); ++i) {
    if (storages[i].place != Storage::Place::kArena || storages[i].bytes == 0) continue;
    buffers.push_back({storages[i].bytes, storages[i].first, storages[i].last});
    owners.push_back(i);
  }
  const auto planned = plan_memory(buffers);
  for (std::size_t i = 0; i < owners.size(); ++i) storages[owners[i]].offset = planned.offsets[i];
  arena_bytes = planned.bytes;
}

}  // namespace rcnn::engine
