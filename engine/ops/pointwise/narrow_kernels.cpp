// SPDX-License-Identifier: MIT
// Compiled for AVX-512 with BF16 and VNNI (its own flags; can_run_narrow() says where it may run: neither is
// used for values of other types). Nothing of the standard library is called: what the linker kept of it
// could come from here.
#include "engine/ops/pointwise/narrow.hpp"

#if defined(__AVX512BF16__) && defined(__AVX512VNNI__) && defined(__AVX512VL__)
#include <immintrin.h>

namespace rcnn::engine::pointwise {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kCells = 16;  ///< At a time: their sums and one register of weights
constexpr std::size_t kAhead = 2;   ///< Tiles; from 1 to 4 the speed is the same
constexpr std::size_t kLine = 64;   ///< Of the cache

inline std::int32_t four_bytes(const void* from) {
  std::int32_t value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

struct F32 {
  using Value = float;
  using Sum = __m512;
  static inline Sum start(const NarrowWeights&) { return _mm512_setzero_ps(); }
  static inline Sum add(Sum sum, const Value* from, __m512i weights) {
    return _mm512_fmadd_ps(_mm512_set1_ps(*from), _mm512_castsi512_ps(weights), sum);
  }
  static inline __m512 as_f32(Sum sum) { return sum; }
};

struct Bf16 {
  using Value = std::uint16_t;
  using Sum = __m512;
  static inline Sum start(const NarrowWeights&) { return _mm512_setzero_ps(); }
  static inline Sum add(Sum sum, const Value* from, __m512i weights) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(_mm512_set1_epi32(four_bytes(from))),
                            reinterpret_cast<__m512bh>(weights));
  }
  static inline __m512 as_f32(Sum sum) { return sum; }
};

/// \param kSign  128 in each byte where values are s8
template <std::uint32_t kSign>
struct EightBits {
  using Value = std::uint8_t;
  using Sum = __m512i;
  static inline Sum start(const NarrowWeights& weights) { return _mm512_loadu_si512(weights.starts); }
  static inline Sum add(Sum sum, const Value* from, __m512i weights) {
    const auto value = static_cast<std::int32_t>(static_cast<std::uint32_t>(four_bytes(from)) ^ kSign);
    return _mm512_dpbusd_epi32(sum, _mm512_set1_epi32(value), weights);
  }
  static inline __m512 as_f32(Sum sum) { return _mm512_cvtepi32_ps(sum); }
};
using U8 = EightBits<0>;
using S8 = EightBits<0x80808080U>;

/// Asks for what a tile reads of 16 channels: lines that earlier channels of the same cells have not named.
/// (Not inlined it would be dropped: GCC 12 holds that it does nothing.) \param kBlocks  whether cells follow
/// each other in blocks of 16 channels, else all channels of a cell
template <class S, bool kBlocks>
__attribute__((always_inline)) inline void prefetch(const typename S::Value* from, std::size_t cell,
                                                    std::size_t channel) {
  constexpr std::size_t kValues = kLine / sizeof(typename S::Value);
  if constexpr (kBlocks) {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kCells * kLanes; i += kValues) {
      _mm_prefetch(reinterpret_cast<const char*>(from + i), _MM_HINT_T0);
    }
  } else {
    if (channel % kValues != 0) return;
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kCells; ++i) {
      _mm_prefetch(reinterpret_cast<const char*>(from + i * cell), _MM_HINT_T0);
    }
  }
}

/// Where results go, and which lanes.
struct Destination {
  float* first;
  float* second;
  __mmask16 first_lanes, second_lanes;
};

inline void store(const NarrowProblem& problem, const Destination& to, std::size_t cell, __m512 value) {
  _mm512_mask_storeu_ps(to.first + cell * problem.first_channels, to.first_lanes, value);
  const auto rest = static_cast<__mmask16>(to.second_lanes << problem.first_channels);
  _mm512_mask_storeu_ps(to.second + cell * problem.second_channels, to.second_lanes,
                        _mm512_maskz_compress_ps(rest, value));
}

template <class S, bool kBlocks, std::size_t kCount>
inline void run_tile(const NarrowProblem& problem, const NarrowWeights& weights,
                     const typename S::Value* source, const Destination& to, std::size_t first_cell) {
  constexpr std::size_t kPerLane = 4 / sizeof(typename S::Value);
  const auto cell = kBlocks ? kLanes : problem.strides.cell;
  typename S::Sum sums[kCount];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kCount; ++i) sums[i] = S::start(weights);
  const auto* weight = static_cast<const std::int32_t*>(weights.weights);
  for (std::size_t channel = 0; channel < problem.in_channels;
       channel += kLanes, source += problem.strides.group) {
    if constexpr (kCount == kCells) prefetch<S, kBlocks>(source + kAhead * kCells * cell, cell, channel);
    // Four cells are reached from one address; from a single one GCC would keep sixteen distances.
    const typename S::Value* fours[kCells / 4];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kCells / 4; ++i) {
      fours[i] = source + 4 * i * cell;
      if constexpr (!kBlocks) __asm__("" : "+r"(fours[i]));
    }
#pragma GCC unroll 16
    for (std::size_t in = 0; in < kLanes; in += kPerLane, weight += kLanes) {
      const auto w = _mm512_load_si512(weight);
#pragma GCC unroll 16
      for (std::size_t i = 0; i < kCount; ++i) sums[i] = S::add(sums[i], fours[i / 4] + i % 4 * cell + in, w);
    }
  }
  const auto scale = _mm512_loadu_ps(weights.scales), bias = _mm512_loadu_ps(weights.biases);
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kCount; ++i) {
    store(problem, to, first_cell + i, _mm512_fmadd_ps(S::as_f32(sums[i]), scale, bias));
  }
}

template <class S, bool kBlocks>
void run_cells(const NarrowProblem& problem, const NarrowWeights& weights, const NarrowCells& cells,
               const void* map, const Destination& to) {
  const auto stride = problem.strides.cell;
  const auto* source = static_cast<const typename S::Value*>(map) + cells.image * problem.strides.image;
  auto cell = cells.first;
  for (; cell + kCells <= cells.end; cell += kCells) {
    run_tile<S, kBlocks, kCells>(problem, weights, source + cell * stride, to, cell);
  }
  for (; cell < cells.end; ++cell) {
    run_tile<S, kBlocks, 1>(problem, weights, source + cell * stride, to, cell);
  }
}

template <class S>
void run_either(const NarrowProblem& problem, const NarrowWeights& weights, const NarrowCells& cells,
                const void* map, const Destination& to) {
  if (problem.strides.cell == kLanes) return run_cells<S, true>(problem, weights, cells, map, to);
  run_cells<S, false>(problem, weights, cells, map, to);
}

}  // namespace

bool can_run_narrow(Element source) {
  const bool any = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  if (source == Element::kF32) return any;
  return any && (source == Element::kBf16 ? __builtin_cpu_supports("avx512bf16")
                                          : __builtin_cpu_supports("avx512vnni"));
}

void run_narrow(const NarrowProblem& problem, const NarrowCells& cells, const void* source,
                const NarrowWeights& weights, float* first, float* second) {
  const auto before = cells.image * problem.cells;
  const Destination to{first + before * problem.first_channels, second + before * problem.second_channels,
                       static_cast<__mmask16>((1U << problem.first_channels) - 1),
                       static_cast<__mmask16>((1U << problem.second_channels) - 1)};
  switch (problem.source) {
    case Element::kF32:
      return run_either<F32>(problem, weights, cells, source, to);
    case Element::kBf16:
      return run_either<Bf16>(problem, weights, cells, source, to);
    case Element::kU8:
      return run_either<U8>(problem, weights, cells, source, to);
    case Element::kS8:
      return run_either<S8>(problem, weights, cells, source, to);
  }
}

}  // namespace rcnn::engine::pointwise

#else  // A processor, or a compiler, without these instructions

namespace rcnn::engine::pointwise {

bool can_run_narrow(Element) { return false; }

void run_narrow(const NarrowProblem&, const NarrowCells&, const void*, const NarrowWeights&, float*, float*) {
}

}  // namespace rcnn::engine::pointwise

#endif
