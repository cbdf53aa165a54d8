// SPDX-License-Identifier: MIT
#include "bench/machine_peak.hpp"

#include <algorithm>
#include <chrono>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/machine_peak.cpp"
#include <hwy/foreach_target.h>  // Compiles this file once per instruction set.
#include <hwy/highway.h>

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
HWY_EXPORT(multiply_and_add);
}  // namespace

double peak_gflops() {
  constexpr int kRounds = 10,
                kRepeats = 500000;  // A millisecond a round: longer than a moment's interruption
  float keep = 1.F;
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    const double operations = HWY_DYNAMIC_DISPATCH(multiply_and_add)(kRepeats, keep);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    best = std::max(best, operations / took.count() * 1e-9);
    keep = std::min(keep, 1.F);
  }
  return best;
}

}  // namespace rcnn::bench
#endif  // HWY_ONCE
