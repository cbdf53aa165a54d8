// SPDX-License-Identifier: MIT
#include "bench/machine_peak.hpp"

#include <algorithm>
#include <chrono>

#include "engine/errors.hpp"
#include "engine/ops/platform.hpp"
#include "engine/runtime/processor.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/machine_peak.cpp"
#include <hwy/foreach_target.h>  // Compiles this file once per instruction set.
#include <hwy/highway.h>         // With the intrinsics below

HWY_BEFORE_NAMESPACE();
namespace rcnn::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int kSums = 12;  ///< Two units, four cycles each, need eight; more hide what else is in the way

/// \returns operations; `keep` receives something of the result, so that nothing is optimised away.
double multiply_and_add(int repeats, float& keep) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, 0.999F), term = hn::Set(d, 0.001F);
  // All begin with values of their own: equal ones the compiler would compute once.
  const auto first = hn::Iota(d, keep);
  auto a = first, b = hn::Add(a, term), c = hn::Add(b, term), e = hn::Add(c, term), f = hn::Add(e, term),
       g = hn::Add(f, term), h = hn::Add(g, term), i = hn::Add(h, term), j = hn::Add(i, term),
       k = hn::Add(j, term), l = hn::Add(k, term), m = hn::Add(l, term);
  for (int repeat = 0; repeat < repeats; ++repeat) {
    a = hn::MulAdd(a, factor, term);
    b = hn::MulAdd(b, factor, term);
    c = hn::MulAdd(c, factor, term);
    e = hn::MulAdd(e, factor, term);
    f = hn::MulAdd(f, factor, term);
    g = hn::MulAdd(g, factor, term);
    h = hn::MulAdd(h, factor, term);
    i = hn::MulAdd(i, factor, term);
    j = hn::MulAdd(j, factor, term);
    k = hn::MulAdd(k, factor, term);
    l = hn::MulAdd(l, factor, term);
    m = hn::MulAdd(m, factor, term);
  }
  const auto sum = hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)), hn::Add(hn::Add(f, g), hn::Add(h, i)));
  keep = hn::GetLane(hn::Add(sum, hn::Add(hn::Add(j, k), hn::Add(l, m))));
  return 2.0 * repeats * kSums * static_cast<double>(hn::Lanes(d));
}

}  // namespace rcnn::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rcnn::bench {
namespace {

using engine::DType;

HWY_EXPORT(multiply_and_add);
double multiply_and_add_f32(int repeats, float& keep) {
  return HWY_DYNAMIC_DISPATCH(multiply_and_add)(repeats, keep);
}

#if HWY_ARCH_X86_64
// Highway's targets do not all have these. Written for the functions alone: the file stays for any x86-64.
constexpr int kNarrowSums = 24;  ///< Of 32 registers; two units of up to six cycles need twelve

__attribute__((target("avx512f,avx512bf16"))) double multiply_and_add_bf16(int repeats, float& keep) {
  const auto factors = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5F), _mm512_set1_ps(0.25F));
  const auto others = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.01F), _mm512_set1_ps(0.001F));
  __m512 sums[kNarrowSums];
  HWY_UNROLL(kNarrowSums)
  for (int i = 0; i < kNarrowSums; ++i) sums[i] = _mm512_set1_ps(keep + static_cast<float>(i));
  for (int repeat = 0; repeat < repeats; ++repeat) {
    HWY_UNROLL(kNarrowSums)
    for (int i = 0; i < kNarrowSums; ++i) sums[i] = _mm512_dpbf16_ps(sums[i], factors, others);
  }
  auto total = sums[0];
  HWY_UNROLL(kNarrowSums)
  for (int i = 1; i < kNarrowSums; ++i) total = _mm512_add_ps(total, sums[i]);
  keep = _mm512_cvtss_f32(total);
  return 2.0 * 2 * 16 * repeats * kNarrowSums;
}

__attribute__((target("avx512f,avx512vnni"))) double multiply_and_add_int8(int repeats, float& keep) {
  const auto factors = _mm512_set1_epi32(0x01020304), others = _mm512_set1_epi32(0x7f030201);
  __m512i sums[kNarrowSums];
  HWY_UNROLL(kNarrowSums)
  for (int i = 0; i < kNarrowSums; ++i) sums[i] = _mm512_set1_epi32(static_cast<int>(keep) + i);
  for (int repeat = 0; repeat < repeats; ++repeat) {
    HWY_UNROLL(kNarrowSums)
    for (int i = 0; i < kNarrowSums; ++i) sums[i] = _mm512_dpbusd_epi32(sums[i], factors, others);
  }
  auto total = sums[0];
  HWY_UNROLL(kNarrowSums)
  for (int i = 1; i < kNarrowSums; ++i) total = _mm512_add_epi32(total, sums[i]);
  keep = static_cast<float>(_mm_cvtsi128_si32(_mm512_castsi512_si128(total)));
  return 2.0 * 4 * 16 * repeats * kNarrowSums;
}

// Of processors without AVX-512: half as wide, and 16 registers.
__attribute__((target("avx2,avxvnni"))) double multiply_and_add_int8_avx2(int repeats, float& keep) {
  constexpr int kSums = 12;
  const auto factors = _mm256_set1_epi32(0x01020304), others = _mm256_set1_epi32(0x7f030201);
  __m256i sums[kSums];
  HWY_UNROLL(kSums)
  for (int i = 0; i < kSums; ++i) sums[i] = _mm256_set1_epi32(static_cast<int>(keep) + i);
  for (int repeat = 0; repeat < repeats; ++repeat) {
    HWY_UNROLL(kSums)
    for (int i = 0; i < kSums; ++i) sums[i] = _mm256_dpbusd_avx_epi32(sums[i], factors, others);
  }
  auto total = sums[0];
  HWY_UNROLL(kSums)
  for (int i = 1; i < kSums; ++i) total = _mm256_add_epi32(total, sums[i]);
  keep = static_cast<float>(_mm_cvtsi128_si32(_mm256_castsi256_si128(total)));
  return 2.0 * 4 * 8 * repeats * kSums;
}
#endif

using Kernel = double (*)(int repeats, float& keep);

/// Null where this CPU does not have the products.
Kernel kernel_of(DType type) {
  if (type == DType::kF32) return multiply_and_add_f32;
#if HWY_ARCH_X86_64
  if (type == DType::kBf16 && __builtin_cpu_supports("avx512bf16") != 0) return multiply_and_add_bf16;
  if (type == DType::kS8 && __builtin_cpu_supports("avx512vnni") != 0) return multiply_and_add_int8;
  if (type == DType::kS8 && engine::cpu_multiplies("int8")) return multiply_and_add_int8_avx2;
#endif
  return nullptr;
}

}  // namespace

DType multiplied_type(const std::string& precision) {
  if (precision == "bf16" && engine::multiplies_bf16()) return DType::kBf16;
  if (precision == "int8" && engine::multiplies_int8()) return DType::kS8;
  return DType::kF32;
}

double peak_gflops(DType type) {
  constexpr int kRounds = 10,
                kRepeats = 400000;  // A millisecond a round: longer than a moment's interruption
  const auto kernel = kernel_of(type);
  if (kernel == nullptr) {
    throw engine::ModelError("this processor has no peak in " + engine::to_string(type) +
                             ": it does not multiply that");
  }
  float keep = 1.F;
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    const double operations = kernel(kRepeats, keep);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    best = std::max(best, operations / took.count() * 1e-9);
    keep = std::min(keep, 1.F);
  }
  return best;
}

}  // namespace rcnn::bench
#endif  // HWY_ONCE
