// SPDX-License-Identifier: MIT
// For int8_kernels.cpp alone, within its flags: how 64 results are read and written in each of their types.
#pragma once

#include <immintrin.h>

#include "engine/ops/pointwise/int8.hpp"

namespace rcnn::engine::pointwise {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kWidth = Int8Blocking::kPanelWidth;
constexpr std::size_t kRegisters = kWidth / kLanes;

/// 64 values of a pixel as four registers of floats, in places as Int8Blocking::channel_at() has them.
struct Values {
  __m512 part[kRegisters];
};

/// Channels that there are in a panel, one bit each.
using Channels = __mmask64;

inline __mmask16 part_of(Channels channels, std::size_t i) {
  return static_cast<__mmask16>(channels >> (i * kLanes));
}

/// Nothing is added.
struct None {
  using Value = void;
};

struct F32 {
  using Value = float;
  static inline Values load(const Value* from, Channels channels) {
    Values values;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      values.part[i] = _mm512_maskz_loadu_ps(part_of(channels, i), from + i * kLanes);
    }
    return values;
  }
  static inline void store(Value* to, const Values& values, Channels channels) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      _mm512_mask_storeu_ps(to + i * kLanes, part_of(channels, i), values.part[i]);
    }
  }
};

struct Bf16 {
  using Value = std::uint16_t;
  static inline Values load(const Value* from, Channels channels) {
    Values values;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      const auto bits = _mm256_maskz_loadu_epi16(part_of(channels, i), from + i * kLanes);
      values.part[i] = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
    }
    return values;
  }
  /// Without AVX-512 BF16. Sums of integers are never NaN.
  static inline void store(Value* to, const Values& values, Channels channels) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      const auto bits = _mm512_castps_si512(values.part[i]);
      const auto odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
      const auto nearest = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
      _mm256_mask_storeu_epi16(to + i * kLanes, part_of(channels, i),
                               _mm512_cvtepi32_epi16(_mm512_srli_epi32(nearest, 16)));
    }
  }
};

inline __m512i load_bytes(const void* from, Channels channels) {
  return ~channels == 0 ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi8(channels, from);
}

inline void store_bytes(void* to, __m512i bytes, Channels channels) {
  if (~channels == 0) {
    _mm512_storeu_si512(to, bytes);
  } else {
    _mm512_mask_storeu_epi8(to, channels, bytes);
  }
}

/// For a shuffle that puts bytes 4 i to 4 i + 3 of each 128 bits at the given byte of four integers, 0
/// elsewhere.
template <int kByte>
inline __m512i spread(std::size_t i) {
  constexpr int kShift = 8 * kByte;
  constexpr auto kZeros = static_cast<int>(0x80808080U & ~(0xffU << kShift));
  const int first = 4 * static_cast<int>(i);
  const auto at = [&](int value) {
    return kZeros | static_cast<int>(static_cast<unsigned>(value) << kShift);
  };
  return _mm512_broadcast_i32x4(_mm_setr_epi32(at(first), at(first + 1), at(first + 2), at(first + 3)));
}

/// To the nearest integers. What is beyond an s32 comes out as the least of those: too much is cut before.
inline void nearest_of(const Values& values, float most, __m512i* integers) {
#pragma GCC unroll 4
  for (std::size_t i = 0; i < kRegisters; ++i) {
    integers[i] = _mm512_cvtps_epi32(_mm512_min_ps(values.part[i], _mm512_set1_ps(most)));
  }
}

struct U8 {
  using Value = std::uint8_t;
  static inline Values load(const Value* from, Channels channels) {
    const auto bytes = load_bytes(from, channels);
    Values values;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      values.part[i] = _mm512_cvtepi32_ps(_mm512_shuffle_epi8(bytes, spread<0>(i)));
    }
    return values;
  }
  static inline void store(Value* to, const Values& values, Channels channels) {
    __m512i integers[kRegisters];
    nearest_of(values, 255, integers);
    store_bytes(to,
                _mm512_packus_epi16(_mm512_packs_epi32(integers[0], integers[1]),
                                    _mm512_packs_epi32(integers[2], integers[3])),
                channels);
  }
};

struct S8 {
  using Value = std::int8_t;
  static inline Values load(const Value* from, Channels channels) {
    const auto bytes = load_bytes(from, channels);
    Values values;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      values.part[i] = _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_shuffle_epi8(bytes, spread<3>(i)), 24));
    }
    return values;
  }
  static inline void store(Value* to, const Values& values, Channels channels) {
    __m512i integers[kRegisters];
    nearest_of(values, 127, integers);
    store_bytes(to,
                _mm512_packs_epi16(_mm512_packs_epi32(integers[0], integers[1]),
                                   _mm512_packs_epi32(integers[2], integers[3])),
                channels);
  }
};

}  // namespace
}  // namespace rcnn::engine::pointwise
