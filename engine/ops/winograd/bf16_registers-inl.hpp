// SPDX-License-Identifier: MIT
// What bf16_kernels.cpp does to registers of 16 channels, for it alone, within its flags: the transforms of
// one dimension, and elements of maps as f32 and back. Nothing of the standard library is called.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "engine/ops/winograd/points.hpp"

namespace rcnn::engine::winograd {
namespace {

constexpr std::size_t kLanes = 16;

inline __m512 set(double value) { return _mm512_set1_ps(static_cast<float>(value)); }

/// The one-dimensional transforms; rows of B^T are the coefficients of prod (x - q) over the other points q.
struct F4x4 {
  static constexpr std::size_t kTile = 4;
  static constexpr std::size_t kPatch = 6;

  static inline void input(const __m512* x, __m512* y) {
    const __m512 a = set(kA), b = set(kB), aa = set(kA * kA), bb = set(kB * kB);
    const __m512 sum = set(kA * kA + kB * kB), product = set(kA * kA * kB * kB);
    y[0] = _mm512_fnmadd_ps(sum, x[2], _mm512_fmadd_ps(product, x[0], x[4]));
    const __m512 even_a = _mm512_fnmadd_ps(bb, x[2], x[4]);
    const __m512 odd_a = _mm512_fnmadd_ps(bb, x[1], x[3]);
    y[1] = _mm512_fmadd_ps(a, odd_a, even_a);
    y[2] = _mm512_fnmadd_ps(a, odd_a, even_a);
    const __m512 even_b = _mm512_fnmadd_ps(aa, x[2], x[4]);
    const __m512 odd_b = _mm512_fnmadd_ps(aa, x[1], x[3]);
    y[3] = _mm512_fmadd_ps(b, odd_b, even_b);
    y[4] = _mm512_fnmadd_ps(b, odd_b, even_b);
    y[5] = _mm512_fnmadd_ps(sum, x[3], _mm512_fmadd_ps(product, x[1], x[5]));
  }

  /// Row i of A^T holds the points to the power i; infinity counts in the last row alone.
  static inline void output(const __m512* x, __m512* y) {
    const __m512 even_a = _mm512_add_ps(x[1], x[2]), odd_a = _mm512_sub_ps(x[1], x[2]);
    const __m512 even_b = _mm512_add_ps(x[3], x[4]), odd_b = _mm512_sub_ps(x[3], x[4]);
    y[0] = _mm512_add_ps(x[0], _mm512_add_ps(even_a, even_b));
    y[1] = _mm512_fmadd_ps(set(kA), odd_a, _mm512_mul_ps(set(kB), odd_b));
    y[2] = _mm512_fmadd_ps(set(kA * kA), even_a, _mm512_mul_ps(set(kB * kB), even_b));
    y[3] = _mm512_fmadd_ps(set(kA * kA * kA), odd_a, _mm512_fmadd_ps(set(kB * kB * kB), odd_b, x[5]));
  }
};

struct F2x2 {
  static constexpr std::size_t kTile = 2;
  static constexpr std::size_t kPatch = 4;

  static inline void input(const __m512* x, __m512* y) {
    y[0] = _mm512_sub_ps(x[2], x[0]);
    y[1] = _mm512_add_ps(x[2], x[1]);
    y[2] = _mm512_sub_ps(x[2], x[1]);
    y[3] = _mm512_sub_ps(x[3], x[1]);
  }

  static inline void output(const __m512* x, __m512* y) {
    y[0] = _mm512_add_ps(x[0], _mm512_add_ps(x[1], x[2]));
    y[1] = _mm512_add_ps(x[3], _mm512_sub_ps(x[1], x[2]));
  }
};

/// Elements as they lie in memory, 16 at a time.
struct F32 {
  using Value = float;
  static inline __m512 load(const Value* from) { return _mm512_loadu_ps(from); }
  static inline void store(Value* to, __m512 value) { _mm512_storeu_ps(to, value); }
};

struct Bf16 {
  using Value = std::uint16_t;
  static inline __m512 load(const Value* from) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  static inline void store(Value* to, __m512 value) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(value)));
  }
};

struct U8 {
  using Value = std::uint8_t;
  static inline __m512 load(const Value* from) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  }
  static inline void store(Value* to, __m512 value) {
    const __m512i integers = _mm512_max_epi32(_mm512_cvtps_epi32(value), _mm512_setzero_si512());
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtusepi32_epi8(integers));
  }
};

struct S8 {
  using Value = std::int8_t;
  static inline __m512 load(const Value* from) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  }
  static inline void store(Value* to, __m512 value) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(value)));
  }
};

}  // namespace
}  // namespace rcnn::engine::winograd
