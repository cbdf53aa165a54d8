// SPDX-License-Identifier: MIT
// Compiled for AVX-512 with BF16 (its own flags; can_run_floats() says where it may run). Nothing of the
// standard library is called: what the linker kept of it could come from here.
#include "engine/ops/pointwise/float_kernels.hpp"

#if defined(__AVX512BF16__) && defined(__AVX512VL__)
#include "engine/ops/pointwise/float_tiles-inl.hpp"

namespace rcnn::engine::pointwise {
namespace {

/// Where the upper halves of 32 bits come from; their lower halves are zeros.
alignas(64) constexpr std::uint16_t kLow[32] = {0, 0, 0, 1, 0, 2,  0, 3,  0, 4,  0, 5,  0, 6,  0, 7,
                                                0, 8, 0, 9, 0, 10, 0, 11, 0, 12, 0, 13, 0, 14, 0, 15};
alignas(64) constexpr std::uint16_t kHigh[32] = {0, 16, 0, 17, 0, 18, 0, 19, 0, 20, 0, 21, 0, 22, 0, 23,
                                                 0, 24, 0, 25, 0, 26, 0, 27, 0, 28, 0, 29, 0, 30, 0, 31};

struct Bf16 {
  using Value = std::uint16_t;
  using Weights = __m512bh;
  using Inputs = __m512bh;
  static constexpr std::size_t kTogether = 2;

  static inline __m512 read(const Value* from) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  /// One instruction for each half: a bf16 is the upper half of an f32.
  static inline void read_pair(const Value* from, __m512& low, __m512& high) {
    constexpr __mmask32 kUpper = 0xaaaaaaaa;
    const __m512i values = _mm512_loadu_si512(from);
    low = _mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(kUpper, _mm512_load_si512(kLow), values));
    high = _mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(kUpper, _mm512_load_si512(kHigh), values));
  }
  static inline void write(Value* to, __m512 sums) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(sums)));
  }
  static inline void write_pair(Value* to, __m512 low, __m512 high) {
    _mm512_storeu_si512(to, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
  }
  static inline Weights weights(const Value* from) {
    return reinterpret_cast<__m512bh>(_mm512_load_si512(from));
  }
  static inline Inputs inputs(const Value* from) {
    std::int32_t two;
    __builtin_memcpy(&two, from, sizeof(two));
    return reinterpret_cast<__m512bh>(_mm512_set1_epi32(two));
  }
  static inline __m512 add(__m512 sums, Inputs inputs, Weights weights) {
    return _mm512_dpbf16_ps(sums, inputs, weights);
  }
};

}  // namespace

bool has_bf16() {
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}

void run_bf16(const FloatProblem& problem, const FloatBlocking& blocking, std::size_t block,
              const FloatMemory& memory) {
  run_block<Bf16>(problem, blocking, block, static_cast<const std::uint16_t*>(memory.source),
                  static_cast<const std::uint16_t*>(memory.weights), memory.bias,
                  static_cast<std::uint16_t*>(memory.destination), static_cast<float*>(memory.scratch));
}

}  // namespace rcnn::engine::pointwise

#else  // A processor, or a compiler, without these instructions

namespace rcnn::engine::pointwise {

bool has_bf16() { return false; }

void run_bf16(const FloatProblem&, const FloatBlocking&, std::size_t, const FloatMemory&) {}

}  // namespace rcnn::engine::pointwise

#endif
