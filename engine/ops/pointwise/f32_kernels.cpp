// SPDX-License-Identifier: MIT
// Compiled for AVX-512 (its own flags; can_run_floats() says where it may run). Nothing of the standard
// library is called: what the linker kept of it could come from here.
#include "engine/ops/pointwise/float_kernels.hpp"

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#include "engine/ops/pointwise/float_tiles-inl.hpp"

namespace rcnn::engine::pointwise {
namespace {

struct F32 {
  using Value = float;
  using Weights = __m512;
  using Inputs = __m512;
  static constexpr std::size_t kTogether = 1;

  static inline __m512 read(const Value* from) { return _mm512_loadu_ps(from); }
  static inline void read_pair(const Value* from, __m512& low, __m512& high) {
    low = read(from);
    high = read(from + kLanes);
  }
  static inline void write(Value* to, __m512 sums) { _mm512_storeu_ps(to, sums); }
  static inline void write_pair(Value* to, __m512 low, __m512 high) {
    write(to, low);
    write(to + kLanes, high);
  }
  static inline Weights weights(const Value* from) { return _mm512_load_ps(from); }
  static inline Inputs inputs(const Value* from) { return _mm512_set1_ps(*from); }
  static inline __m512 add(__m512 sums, Inputs inputs, Weights weights) {
    return _mm512_fmadd_ps(inputs, weights, sums);
  }
};

}  // namespace

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}

void run_f32(const FloatProblem& problem, const FloatBlocking& blocking, std::size_t block,
             const FloatMemory& memory) {
  run_block<F32>(problem, blocking, block, static_cast<const float*>(memory.source),
                 static_cast<const float*>(memory.weights), memory.bias,
                 static_cast<float*>(memory.destination), static_cast<float*>(memory.scratch));
}

}  // namespace rcnn::engine::pointwise

#else  // A processor, or a compiler, without these instructions

namespace rcnn::engine::pointwise {

bool has_avx512() { return false; }

void run_f32(const FloatProblem&, const FloatBlocking&, std::size_t, const FloatMemory&) {}

}  // namespace rcnn::engine::pointwise

#endif
