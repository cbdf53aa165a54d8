// SPDX-License-Identifier: MIT
#include "engine/compile/precision.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <memory>
#include <utility>

#include "engine/compile/kernel_rounding.hpp"
#include "engine/compile/quantization.hpp"
#include "engine/errors.hpp"
#include "engine/model/stored_array.hpp"
#include "engine/tensor/bf16.hpp"

namespace rcnn::engine {
namespace {

struct Precision {
  const char* name;
  DType type;  ///< Of weights
};
constexpr std::array<Precision, 4> kPrecisions{
    {{"f32", DType::kF32}, {"bf16", DType::kBf16}, {"fp16", DType::kF16}, {kInt8, DType::kS8}}};

const Precision& find_precision(const std::string& name) {
  std::string known;
  for (const auto& precision : kPrecisions) {
    if (precision.name == name) return precision;
    known += (known.empty() ? "" : ", ") + std::string(precision.name);
  }
  throw SettingError("precision '" + name + "' is not supported; accepted: " + known);
}

std::uint16_t bits_of(float value, DType type) {
  return type == DType::kBf16 ? to_bf16(value) : fp16_bits(value);
}

StoredArray layout_of(std::int64_t count, DType type) {
  const auto kind = type == DType::kBf16 ? ElementType::Kind::kBrainFloat : ElementType::Kind::kFloat;
  return {{kind, 2}, std::endian::native != std::endian::little, {count}, {1}, 0};
}

void round_tensor(const std::string& name, CheckpointTensor& tensor, const Precision& precision,
                  bool rectified) {
  auto rounded = widen(narrow(*tensor.values, precision.type), precision.type);
  const auto bad =
      std::find_if_not(rounded.begin(), rounded.end(), [](float value) { return std::isfinite(value); });
  if (bad != rounded.end()) {
    throw ModelError("'" + name + "' has the value " +
                     std::to_string((*tensor.values)[static_cast<std::size_t>(bad - rounded.begin())]) +
                     ", which " + precision.name + " cannot hold; compile with --precision " +
                     (precision.type == DType::kF16 ? "bf16 or f32" : "f32"));
  }
  if (precision.type == DType::kBf16) rounded = round_to_bf16(*tensor.values, tensor.shape, rectified);
  tensor.values = std::make_shared<const std::vector<float>>(std::move(rounded));
}

}  // namespace

std::vector<std::string> precision_names() {
  std::vector<std::string> names;
  for (const auto& precision : kPrecisions) names.emplace_back(precision.name);
  return names;
}

void check_shared_options(const CompileOptions& options) {
  find_precision(options.precision);
  if (options.precision == kInt8) {
    throw SettingError(
        "precision 'int8' needs images to calibrate with, and a checkpoint; give both: neuron-rcnn compile "
        "--precision int8 --calibrate FOLDER --weights CHECKPOINT");
  }
  parse_input_spec(to_string(options.input));  // Refuses sides out of range
  if (options.batch != 1) {
    throw SettingError("batch " + std::to_string(options.batch) +
                       " is not supported; accepted: 1. Classifiers take batches of any size as they run: "
                       "neuron-rcnn classify --batch N");
  }
}

DType stored_type(const std::string& precision, const Shape& shape) {
  return shape.size() > 1 ? find_precision(precision).type : DType::kF32;
}

std::uint16_t fp16_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = bits >> 16U & 0x8000U;
  const float magnitude = std::abs(value);
  constexpr std::uint32_t kInfinity = 0x7c00;
  if (std::isnan(value)) return static_cast<std::uint16_t>(sign | kInfinity | 0x200U);
  constexpr float kLeastNormal = 0x1p-14F;
  if (magnitude < kLeastNormal) {  // Multiples of 2^-24; one too many is the least normal's own bits
    return static_cast<std::uint16_t>(sign | static_cast<std::uint32_t>(std::nearbyint(magnitude * 0x1p24F)));
  }
  const auto plain = bits & 0x7fffffffU;
  constexpr std::uint32_t kBias = 127 - 15;  // Between the exponents of both types
  const auto half = ((plain + 0xfffU + (plain >> 13U & 1U)) >> 13U) - (kBias << 10U);
  return static_cast<std::uint16_t>(sign | std::min(half, kInfinity));
}

std::vector<std::byte> narrow(std::span<const float> values, DType type) {
  std::vector<std::byte> bytes;
  bytes.reserve(2 * values.size());
  for (const float value : values) {
    const auto bits = bits_of(value, type);
    bytes.push_back(static_cast<std::byte>(bits & 0xffU));
    bytes.push_back(static_cast<std::byte>(bits >> 8U));
  }
  return bytes;
}

std::vector<float> widen(std::span<const std::byte> bytes, DType type) {
  return to_f32(layout_of(static_cast<std::int64_t>(bytes.size() / 2), type), bytes);
}

void round_weights(Weights& weights, const std::string& precision, const std::set<std::string>& rectified) {
  for (auto& [name, tensor] : weights) {
    if (stored_type(precision, tensor.shape) != DType::kF32)
      round_tensor(name, tensor, find_precision(precision), rectified.contains(name));
  }
}

}  // namespace rcnn::engine
