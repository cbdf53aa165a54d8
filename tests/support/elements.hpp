// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/tensor/activation_step.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::tests {

/// What elements of a type are to hold of a finite value: the nearest, ties to even, of bf16; in 8 bits, of a
/// step's multiples within reach.
inline float held(float value, engine::DType dtype, float step) {
  if (dtype == engine::DType::kF32) return value;
  if (dtype == engine::DType::kBf16) {
    const auto bits = std::bit_cast<std::uint32_t>(value), low = bits & 0xffffU, high = bits >> 16U;
    const bool up = low > 0x8000U || (low == 0x8000U && high % 2 == 1);
    return std::bit_cast<float>((high + (up ? 1U : 0U)) << 16U);
  }
  const engine::ActivationStep eight_bits{step, dtype == engine::DType::kS8};
  return std::clamp(std::nearbyint(value / step), eight_bits.least(), eight_bits.most()) * step;
}

/// Stores what the tensor's elements can hold of a value.
inline void set_element(engine::Tensor& tensor, std::size_t i, float value) {
  const auto& spec = tensor.spec();
  const float kept = held(value, spec.dtype, spec.step);
  if (spec.dtype == engine::DType::kBf16) {
    tensor.values<std::uint16_t>()[i] = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(kept) >> 16U);
  } else if (spec.dtype == engine::DType::kU8) {
    tensor.values<std::uint8_t>()[i] = static_cast<std::uint8_t>(std::lround(kept / spec.step));
  } else if (spec.dtype == engine::DType::kS8) {
    tensor.values<std::int8_t>()[i] = static_cast<std::int8_t>(std::lround(kept / spec.step));
  } else {
    tensor.values<float>()[i] = kept;
  }
}

/// What an element of f32, bf16, u8 or s8 stands for.
inline float element(const engine::Tensor& tensor, std::size_t i) {
  const auto& spec = tensor.spec();
  if (spec.dtype == engine::DType::kBf16)
    return std::bit_cast<float>(std::uint32_t{tensor.values<std::uint16_t>()[i]} << 16U);
  if (spec.dtype == engine::DType::kU8)
    return static_cast<float>(tensor.values<std::uint8_t>()[i]) * spec.step;
  if (spec.dtype == engine::DType::kS8)
    return static_cast<float>(tensor.values<std::int8_t>()[i]) * spec.step;
  return tensor.values<float>()[i];
}

/// All elements as they lie, padding included.
inline std::vector<float> elements(const engine::Tensor& tensor) {
  std::vector<float> values(tensor.spec().bytes() / engine::size_of(tensor.spec().dtype));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = element(tensor, i);
  return values;
}

}  // namespace rcnn::tests
