// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// The upper half of a float's bits, rounded to the nearest, ties to even; NaNs stay NaNs.
inline std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  constexpr std::uint32_t kInfinity = 0x7f800000U, kQuiet = 0x00400000U;
  const bool is_nan = (bits & 0x7fffffffU) > kInfinity;  // Rounding could carry it over into an infinity
  const auto nearest = bits + 0x7fffU + (bits >> 16U & 1U);
  return static_cast<std::uint16_t>((is_nan ? bits | kQuiet : nearest) >> 16U);
}

inline float from_bf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16U); }

/// What bf16 can hold of a value.
inline float nearest_bf16(float value) { return from_bf16(to_bf16(value)); }

}  // namespace rcnn::engine
