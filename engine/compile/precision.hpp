// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/compile/passes.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// Type in which a tensor of this shape is stored at a precision: biases, the tensors of one axis, stay f32;
/// all of them together are a thousandth of a network. \throws SettingError for an unknown precision
DType stored_type(const std::string& precision, const Shape& shape);

/// Rounds every weight to what its stored type can say and keeps it as f32: in fp16 to the nearest, ties to
/// even, in bf16 as kernel_rounding.hpp has it. Arithmetic on it is then the same wherever it is stored.
/// \param rectified  rectified_weights() of all programs
/// \throws ModelError naming the tensor and the value that is too large.
void round_weights(Weights& weights, const std::string& precision, const std::set<std::string>& rectified);

/// Two bytes per value, little-endian, of values that round_weights() has been over.
///   type  bf16 or f16
std::vector<std::byte> narrow(std::span<const float> values, DType type);
/// The values of that again.
std::vector<float> widen(std::span<const std::byte> bytes, DType type);

/// Bits of the nearest IEEE half, ties to even; infinite where there is none.
std::uint16_t fp16_bits(float value);

}  // namespace rcnn::engine
