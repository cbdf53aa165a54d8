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

#include <cstddef>
#include <cstdint>
#include <type_traits>

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

/// Sums of the channels of two registers. Read from bf16, `low` has the even channels of all and `high` the
/// odd ones (see kApart), else the first half and the second.
template <class D>
struct Pair {
  hn::Vec<D> low, high;
};

/// Two bf16 lie in 32 bits: a shift and a mask make f32 of both, where two conversions would take two shifts
/// and two moves across the register. Rounded sums go together again as easily.
template <class D, typename T>
constexpr bool kApart = std::is_same_v<T, Bf16Bits>&& hn::MaxLanes(D()) > 1;

template <class D>
HWY_INLINE Pair<D> apart(D d, hn::Vec<hn::Repartition<Bf16Bits, D>> both) {
  const hn::RebindToUnsigned<D> d32;
  const auto bits = hn::BitCast(d32, both);
  return {hn::BitCast(d, hn::ShiftLeft<16>(bits)), hn::BitCast(d, hn::And(bits, hn::Set(d32, 0xffff0000U)))};
}

/// Twice a register's channels that lie together.
template <class D, typename T>
HWY_INLINE Pair<D> load_pair(D d, const T* from) {
  if constexpr (kApart<D, T>) {
    return apart(d, hn::LoadU(hn::Repartition<Bf16Bits, D>(), from));
  } else {
    return {load(d, from), load(d, from + hn::Lanes(d))};
  }
}

template <class D, typename T>
HWY_INLINE Pair<D> load_pair(D d, const T* first, const T* second) {
  if constexpr (kApart<D, T>) {
    const hn::Rebind<Bf16Bits, D> d16;
    // Found by its arguments: one lane alone, which is never apart, has no such thing in Highway.
    return apart(d, Combine(hn::Repartition<Bf16Bits, D>(), hn::LoadU(d16, second), hn::LoadU(d16, first)));
  } else {
    return {load(d, first), load(d, second)};
  }
}

/// Stores a register past the caches, if so wanted: then `to` is aligned to the register. Highway's way of
/// doing it writes 16 bytes at least, whatever the register holds.
template <bool kPast, class D>
HWY_INLINE void put(D d, hn::Vec<D> values, hn::TFromD<D>* to) {
  if constexpr (kPast && hn::MaxLanes(D()) * sizeof(hn::TFromD<D>) >= 16) {
    hn::Stream(values, d, to);
  } else {
    hn::StoreU(values, d, to);
  }
}

/// Writes elements of a pooled region: sums of twice a register's channels, that lie together.
struct ToF32 {
  using Element = float;
  template <class D>
  HWY_INLINE void store(D d, Pair<D> sums, float* to) const {
    hn::StoreU(sums.low, d, to);
    hn::StoreU(sums.high, d, to + hn::Lanes(d));
  }
  template <class D>
  HWY_INLINE void store_apart(D d, Pair<D> sums, float* to) const {
    hn::StoreInterleaved2(sums.low, sums.high, d, to);
  }
};

/// The nearest, ties to even. Neither Highway's conversion (which cuts off) nor the instruction (which takes
/// denormal numbers for zero) does that everywhere.
///   kPast  past the caches
template <bool kPast>
struct ToBf16 {
  using Element = Bf16Bits;
  template <class D>
  HWY_INLINE void store(D d, Pair<D> sums, Bf16Bits* to) const {
    const hn::Rebind<Bf16Bits, D> d16;
    put<kPast>(d16, hn::TruncateTo(d16, hn::ShiftRight<16>(upper(d, sums.low))), to);
    put<kPast>(d16, hn::TruncateTo(d16, hn::ShiftRight<16>(upper(d, sums.high))), to + hn::Lanes(d));
  }
  template <class D>
  HWY_INLINE void store_apart(D d, Pair<D> sums, Bf16Bits* to) const {
    const hn::Repartition<Bf16Bits, D> d16;
    const auto even = hn::BitCast(d16, hn::ShiftRight<16>(upper(d, sums.low)));
    put<kPast>(d16, hn::OddEven(hn::BitCast(d16, upper(d, sums.high)), even), to);
  }

 private:
  /// The rounded sum in the upper 16 bits; what is below is noise.
  template <class D>
  HWY_INLINE auto upper(D /*d*/, hn::Vec<D> sum) const {
    const hn::RebindToUnsigned<D> d32;
    const auto bits = hn::BitCast(d32, sum);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d32, 1));
    const auto nearest = hn::Add(bits, hn::Add(odd, hn::Set(d32, 0x7fff)));
    const auto quiet = hn::Or(bits, hn::Set(d32, 0x00400000));
    const auto is_nan = hn::RebindMask(d32, hn::IsNaN(sum));  // Rounding could carry it into an infinity
    return hn::IfThenElse(is_nan, quiet, nearest);
  }
};

/// The nearest of `least`..`most`, ties to even, of sums in steps of the result. Bytes are the same, signed
/// or not.
template <bool kPast>
struct To8Bits {
  using Element = std::uint8_t;
  float least, most;
  template <class D>
  HWY_INLINE void store(D d, Pair<D> sums, std::uint8_t* to) const {
    const hn::Rebind<std::uint8_t, D> d8;
    put<kPast>(d8, hn::TruncateTo(d8, nearest(d, sums.low)), to);
    put<kPast>(d8, hn::TruncateTo(d8, nearest(d, sums.high)), to + hn::Lanes(d));
  }
  template <class D>
  HWY_INLINE void store_apart(D d, Pair<D> sums, std::uint8_t* to) const {
    const hn::RebindToUnsigned<D> d32;
    const hn::Rebind<std::uint16_t, D> d16;
    const auto even = hn::And(nearest(d, sums.low), hn::Set(d32, 0xff));
    const auto both = hn::Or(hn::ShiftLeft<8>(nearest(d, sums.high)), even);
    hn::StoreU(hn::BitCast(hn::Repartition<std::uint8_t, decltype(d16)>(), hn::TruncateTo(d16, both)),
               hn::Repartition<std::uint8_t, decltype(d16)>(), to);
  }

 private:
  /// In the lowest 8 bits.
  template <class D>
  HWY_INLINE auto nearest(D d, hn::Vec<D> sum) const {
    const auto within = hn::Min(hn::Max(sum, hn::Set(d, least)), hn::Set(d, most));
    // From 1.5 * 2^23 on f32 holds integers only: the addition rounds, and leaves them in the lowest bits.
    return hn::BitCast(hn::RebindToUnsigned<D>(), hn::Add(within, hn::Set(d, 12582912.F)));
  }
};

}  // namespace rcnn::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
