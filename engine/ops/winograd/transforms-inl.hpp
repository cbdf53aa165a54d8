// SPDX-License-Identifier: MIT
// The one-dimensional transforms, once per instruction set. Each works on one register of channels of values
// that lie `stride` floats apart.

#if defined(RCNN_WINOGRAD_TRANSFORMS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef RCNN_WINOGRAD_TRANSFORMS_INL
#undef RCNN_WINOGRAD_TRANSFORMS_INL
#else
#define RCNN_WINOGRAD_TRANSFORMS_INL
#endif

#include <hwy/highway.h>

#include "engine/ops/winograd/points.hpp"

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::winograd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Rows of B^T are the coefficients of prod (x - q) over the other points q.
struct F4x4 {
  static constexpr std::size_t kTile = 4;
  static constexpr std::size_t kPatch = 6;

  template <class D>
  static HWY_INLINE void transform_input(D d, const float* in, std::size_t in_stride, float* out,
                                         std::size_t out_stride) {
    const auto a = hn::Set(d, static_cast<float>(kA));
    const auto b = hn::Set(d, static_cast<float>(kB));
    const auto aa = hn::Set(d, static_cast<float>(kA * kA));
    const auto bb = hn::Set(d, static_cast<float>(kB * kB));
    const auto sum = hn::Set(d, static_cast<float>(kA * kA + kB * kB));
    const auto product = hn::Set(d, static_cast<float>(kA * kA * kB * kB));
    const auto x0 = hn::LoadU(d, in);
    const auto x1 = hn::LoadU(d, in + in_stride);
    const auto x2 = hn::LoadU(d, in + 2 * in_stride);
    const auto x3 = hn::LoadU(d, in + 3 * in_stride);
    const auto x4 = hn::LoadU(d, in + 4 * in_stride);
    const auto x5 = hn::LoadU(d, in + 5 * in_stride);
    hn::StoreU(hn::NegMulAdd(sum, x2, hn::MulAdd(product, x0, x4)), d, out);
    const auto even_a = hn::NegMulAdd(bb, x2, x4);
    const auto odd_a = hn::NegMulAdd(bb, x1, x3);
    hn::StoreU(hn::MulAdd(a, odd_a, even_a), d, out + out_stride);
    hn::StoreU(hn::NegMulAdd(a, odd_a, even_a), d, out + 2 * out_stride);
    const auto even_b = hn::NegMulAdd(aa, x2, x4);
    const auto odd_b = hn::NegMulAdd(aa, x1, x3);
    hn::StoreU(hn::MulAdd(b, odd_b, even_b), d, out + 3 * out_stride);
    hn::StoreU(hn::NegMulAdd(b, odd_b, even_b), d, out + 4 * out_stride);
    hn::StoreU(hn::NegMulAdd(sum, x3, hn::MulAdd(product, x1, x5)), d, out + 5 * out_stride);
  }

  /// Row i of A^T holds the points to the power i; infinity counts in the last row alone.
  template <class D, class Sink>
  static HWY_INLINE void transform_output(D d, const float* in, std::size_t in_stride, const Sink& sink) {
    const auto a = hn::Set(d, static_cast<float>(kA));
    const auto b = hn::Set(d, static_cast<float>(kB));
    const auto aa = hn::Set(d, static_cast<float>(kA * kA));
    const auto bb = hn::Set(d, static_cast<float>(kB * kB));
    const auto aaa = hn::Set(d, static_cast<float>(kA * kA * kA));
    const auto bbb = hn::Set(d, static_cast<float>(kB * kB * kB));
    const auto x1 = hn::LoadU(d, in + in_stride);
    const auto x2 = hn::LoadU(d, in + 2 * in_stride);
    const auto x3 = hn::LoadU(d, in + 3 * in_stride);
    const auto x4 = hn::LoadU(d, in + 4 * in_stride);
    const auto even_a = hn::Add(x1, x2);
    const auto odd_a = hn::Sub(x1, x2);
    const auto even_b = hn::Add(x3, x4);
    const auto odd_b = hn::Sub(x3, x4);
    sink.put(d, 0, hn::Add(hn::LoadU(d, in), hn::Add(even_a, even_b)));
    sink.put(d, 1, hn::MulAdd(a, odd_a, hn::Mul(b, odd_b)));
    sink.put(d, 2, hn::MulAdd(aa, even_a, hn::Mul(bb, even_b)));
    sink.put(d, 3, hn::MulAdd(aaa, odd_a, hn::MulAdd(bbb, odd_b, hn::LoadU(d, in + 5 * in_stride))));
  }
};

struct F2x2 {
  static constexpr std::size_t kTile = 2;
  static constexpr std::size_t kPatch = 4;

  template <class D>
  static HWY_INLINE void transform_input(D d, const float* in, std::size_t in_stride, float* out,
                                         std::size_t out_stride) {
    const auto x0 = hn::LoadU(d, in);
    const auto x1 = hn::LoadU(d, in + in_stride);
    const auto x2 = hn::LoadU(d, in + 2 * in_stride);
    const auto x3 = hn::LoadU(d, in + 3 * in_stride);
    hn::StoreU(hn::Sub(x2, x0), d, out);
    hn::StoreU(hn::Add(x2, x1), d, out + out_stride);
    hn::StoreU(hn::Sub(x2, x1), d, out + 2 * out_stride);
    hn::StoreU(hn::Sub(x3, x1), d, out + 3 * out_stride);
  }

  template <class D, class Sink>
  static HWY_INLINE void transform_output(D d, const float* in, std::size_t in_stride, const Sink& sink) {
    const auto x1 = hn::LoadU(d, in + in_stride);
    const auto x2 = hn::LoadU(d, in + 2 * in_stride);
    sink.put(d, 0, hn::Add(hn::LoadU(d, in), hn::Add(x1, x2)));
    sink.put(d, 1, hn::Add(hn::LoadU(d, in + 3 * in_stride), hn::Sub(x1, x2)));
  }
};

}  // namespace rcnn::engine::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
