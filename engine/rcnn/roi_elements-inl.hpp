// SPDX-License-Identifier: MIT
// Elements of features and pooled regions as lanes of f32 and back, for the instruction set that it is
// compiled for.

#if defined(RCNN_ROI_ELEMENTS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef RCNN_ROI_ELEMENTS_INL
#undef RCNN_ROI_ELEMENTS_INL
#else
#define RCNN_ROI_ELEMENTS_INL
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The upper half of an f32.
using Bf16Bits = std::uint16_t;

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const float* from) {
  return hn::LoadU(d, from);
}

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const Bf16Bits* from) {
  const hn::RebindToUnsigned<D> d32;
  const hn::Rebind<Bf16Bits, D> d16;
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, hn::LoadU(d16, from))));
}

/// Integers, without their step.
template <class D>
HWY_INLINE hn::Vec<D> load(D d, const std::uint8_t* from) {
  const hn::RebindToSigned<D> d32;
  const hn::Rebind<std::uint8_t, D> d8;
  return hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(d8, from)));
}

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const std::int8_t* from) {
  const hn::RebindToSigned<D> d32;
  const hn::Rebind<std::int8_t, D> d8;
  return hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(d8, from)));
}

/// Makes elements of a pooled region out of sums.
struct ToF32 {
  using Element = float;
  template <class D>
  HWY_INLINE hn::Vec<D> operator()(D /*d*/, hn::Vec<D> sum) const {
    return sum;
  }
};

/// The nearest, ties to even. Neither Highway's conversion (which cuts off) nor the instruction (which takes
/// denormal numbers for zero) does that everywhere.
struct ToBf16 {
  using Element = Bf16Bits;
  template <class D>
  HWY_INLINE auto operator()(D /*d*/, hn::Vec<D> sum) const {
    const hn::RebindToUnsigned<D> d32;
    const hn::Rebind<Bf16Bits, D> d16;
    const auto bits = hn::BitCast(d32, sum);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d32, 1));
    const auto nearest = hn::Add(bits, hn::Add(odd, hn::Set(d32, 0x7fff)));
    const auto quiet = hn::Or(bits, hn::Set(d32, 0x00400000));
    const auto is_nan = hn::RebindMask(d32, hn::IsNaN(sum));  // Rounding could carry it into an infinity
    return hn::TruncateTo(d16, hn::ShiftRight<16>(hn::IfThenElse(is_nan, quiet, nearest)));
  }
};

/// The nearest of `least`..`most`, ties to even, of sums in steps of the result. Bytes are the same, signed
/// or not.
struct To8Bits {
  using Element = std::uint8_t;
  float least, most;
  template <class D>
  HWY_INLINE auto operator()(D d, hn::Vec<D> sum) const {
    const hn::RebindToUnsigned<D> d32;
    const hn::Rebind<std::uint8_t, D> d8;
    const auto within = hn::Min(hn::Max(sum, hn::Set(d, least)), hn::Set(d, most));
    return hn::TruncateTo(d8, hn::BitCast(d32, hn::NearestInt(within)));
  }
};

}  // namespace rcnn::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
