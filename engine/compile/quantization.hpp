// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/compile/compiler.hpp"

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// The precision that needs calibration images.
inline constexpr const char* kInt8 = "int8";

/// Largest magnitude of a weight's integers; -128 is left out, so that both sides of zero reach as far.
inline constexpr int kWeightMost = 127;

/// The operators of a program that read one weight (the RPN head's serve every level).
struct Layer {
  std::string weight;
  std::vector<std::string> inputs;  ///< What they read first, in the program's order
  bool quantizable = false;         ///< There is an operator that multiplies it in int8
};
/// In the order in which they first run.
std::vector<Layer> layers_of(const Graph& graph);

/// "int8", "bf16" or "f32": what a layer's weights are rounded to and stored in.
std::string weight_precision(const LayerPrecision& layer);

/// The values of a program that are held in 8 bits where its layers run as planned: what layers in int8 read,
/// sums included, and what only poolings and sums are between.
std::set<std::string> quantized_values(const Graph& graph, const Quantization& quantization);

/// Name of the tensor [O] that holds the steps of a weight [O, ...]: a weight is an integer of -127..127
/// times the step of its output channel.
std::string steps_name(const std::string& weight);
bool is_steps_name(const std::string& tensor);
/// Of each output channel the largest magnitude over 127; 1 where that is no normal number, as of zeros.
std::vector<float> weight_steps(const CheckpointTensor& weight);
/// The integers, a byte each, of weights that lie in equal parts on `steps`; the nearest, ties to even.
std::vector<std::byte> to_int8(std::span<const float> values, std::span<const float> steps);
std::vector<float> from_int8(std::span<const std::byte> integers, std::span<const float> steps);
/// \param values  as many as integers
void from_int8(std::span<const std::byte> integers, std::span<const float> steps, std::span<float> values);

/// Names of the tensors that a program reads: weights, biases and the steps of layers in int8.
std::set<std::string> parameter_names(const Graph& graph, const std::optional<Quantization>& quantization);

/// Type in which a parameter of a model is stored: as the precision says, or in int8 as its layer's.
/// \throws ModelError for a weight that the quantization does not have.
DType stored_type(const std::string& name, const Shape& shape, const std::string& precision,
                  const std::optional<Quantization>& quantization);

/// Rounds a model that was compiled in f32 to a plan: weights to what their layers' types can say, and steps
/// join them. options.precision becomes `precision`. \throws ModelError naming a layer that the plan lacks,
/// or a value that its type cannot hold; some weights are rounded then.
void quantize(CompiledModel& model, Quantization quantization, const std::string& precision = kInt8);

void to_json(nlohmann::json& json, const Quantization& quantization);
/// \throws ModelError, nlohmann::json::exception for what to_json() has not written
void from_json(const nlohmann::json& json, Quantization& quantization);

}  // namespace rcnn::engine
