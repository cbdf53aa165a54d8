// SPDX-License-Identifier: MIT
#include "engine/image/row_kernels.hpp"

#include <algorithm>
#include <cstring>

#include "engine/simd/instruction_sets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/image/row_kernels.cpp"
#include <hwy/foreach_target.h>  // Compiles this file once per instruction set.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using SumTag = hn::CappedTag<std::int32_t, 16>;  ///< Sums of one register: up to four pixels
using ByteTag = hn::CappedTag<std::uint8_t, 64>;
using PixelTag = hn::Repartition<std::uint32_t, ByteTag>;

// A slack covers the widest register of every loop below: 64 pixels of 4 bytes.
static_assert(kRowSlack >= 4 * hn::MaxLanes(ByteTag()));

std::size_t stacked() { return std::max<std::size_t>(1, hn::Lanes(SumTag()) / 4); }

/// Sums begin at one half, so that the shift rounds.
HWY_INLINE auto begin_sum(SumTag d) { return hn::Set(d, 1 << (kFilterBits - 1)); }

template <class V>
HWY_INLINE V add_product(SumTag d, V sum, const std::uint8_t* bytes, std::int32_t coefficient) {
  const hn::Rebind<std::uint8_t, SumTag> d8;
  return hn::Add(sum, hn::Mul(hn::PromoteTo(d, hn::LoadU(d8, bytes)), hn::Set(d, coefficient)));
}

template <class V>
HWY_INLINE void store_sum(V sum, std::uint8_t* target) {
  const hn::Rebind<std::uint8_t, SumTag> d8;
  hn::StoreU(hn::DemoteTo(d8, hn::ShiftRight<kFilterBits>(sum)), d8,
             target);  // Saturates, as Pillow's clip8 does
}

void widen(const std::uint8_t* source, std::size_t width, std::size_t pixel_bytes, std::uint8_t* target) {
  if (pixel_bytes == 4) {
    std::memcpy(target, source, 4 * width);
    return;
  }
  const ByteTag d;
  const auto zero = hn::Zero(d);
  std::size_t x = 0;
  for (; x + hn::Lanes(d) <= width; x += hn::Lanes(d)) {
    auto c0 = zero;
    auto c1 = zero;
    auto c2 = zero;
    hn::LoadInterleaved3(d, source + 3 * x, c0, c1, c2);
    hn::StoreInterleaved4(c0, c1, c2, zero, d, target + 4 * x);
  }
  for (; x < width; ++x) std::memcpy(target + 4 * x, source + 3 * x, 3);
}

void stack(std::span<const std::uint8_t* const> rows, std::size_t width, std::uint8_t* stacked_pixels) {
  const PixelTag d;
  const auto row = [&](std::size_t i, std::size_t x) {
    return hn::LoadU(d, reinterpret_cast<const std::uint32_t*>(rows[i] + 4 * x));
  };
  auto* pixels = reinterpret_cast<std::uint32_t*>(stacked_pixels);
  for (std::size_t x = 0; x < width; x += hn::Lanes(d)) {
    if (rows.size() == 4) {
      hn::StoreInterleaved4(row(0, x), row(1, x), row(2, x), row(3, x), d, pixels + 4 * x);
    } else if (rows.size() == 2) {
      hn::StoreInterleaved2(row(0, x), row(1, x), d, pixels + 2 * x);
    } else {
      hn::StoreU(row(0, x), d, pixels + x);
    }
  }
}

void unstack(const std::uint8_t* stacked_pixels, std::size_t width, std::span<std::uint8_t* const> rows) {
  const PixelTag d;
  const auto store = [&](auto value, std::size_t i, std::size_t x) {
    hn::StoreU(value, d, reinterpret_cast<std::uint32_t*>(rows[i] + 4 * x));
  };
  const auto* pixels = reinterpret_cast<const std::uint32_t*>(stacked_pixels);
  for (std::size_t x = 0; x < width; x += hn::Lanes(d)) {
    auto p0 = hn::Zero(d);
    auto p1 = p0;
    auto p2 = p0;
    auto p3 = p0;
    if (rows.size() == 4) {
      hn::LoadInterleaved4(d, pixels + 4 * x, p0, p1, p2, p3);
      store(p2, 2, x);
      store(p3, 3, x);
    } else if (rows.size() == 2) {
      hn::LoadInterleaved2(d, pixels + 2 * x, p0, p1);
    } else {
      p0 = hn::LoadU(d, pixels + x);
    }
    store(p0, 0, x);
    if (rows.size() > 1) store(p1, 1, x);
  }
}

void columns(const AxisFilter& filter, const std::uint8_t* source, std::uint8_t* target) {
  const SumTag d;
  const std::size_t pixel = 4 * stacked();
  for (int x = 0; x < filter.target_size(); ++x, target += pixel) {
    const auto coefficients = filter.coefficients(x);
    const auto* first = source + static_cast<std::size_t>(filter.first(x)) * pixel;
    for (std::size_t part = 0; part < pixel; part += hn::Lanes(d)) {
      auto sum = begin_sum(d);
      const auto* bytes = first + part;
      for (const auto coefficient : coefficients) {
        sum = add_product(d, sum, bytes, coefficient);
        bytes += pixel;
      }
      store_sum(sum, target + part);
    }
  }
}

void split(const std::uint8_t* pixels, std::size_t width, std::size_t pitch, std::uint8_t* planes) {
  const ByteTag d;
  for (std::size_t x = 0; x < width; x += hn::Lanes(d)) {
    auto c0 = hn::Zero(d);
    auto c1 = c0;
    auto c2 = c0;
    auto c3 = c0;
    hn::LoadInterleaved4(d, pixels + 4 * x, c0, c1, c2, c3);
    hn::StoreU(c0, d, planes + x);
    hn::StoreU(c1, d, planes + pitch + x);
    hn::StoreU(c2, d, planes + 2 * pitch + x);
  }
}

void rows(std::span<const std::uint8_t* const> sources, std::span<const std::int32_t> coefficients,
          std::size_t bytes, std::uint8_t* target) {
  const SumTag d;
  for (std::size_t x = 0; x < bytes; x += 2 * hn::Lanes(d)) {
    auto sum0 = begin_sum(d);
    auto sum1 = sum0;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      sum0 = add_product(d, sum0, sources[i] + x, coefficients[i]);
      sum1 = add_product(d, sum1, sources[i] + x + hn::Lanes(d), coefficients[i]);
    }
    store_sum(sum0, target + x);
    store_sum(sum1, target + x + hn::Lanes(d));
  }
}

void normalize(const std::uint8_t* plane, std::size_t width, float mean, float deviation, float* target) {
  const hn::CappedTag<float, 16> d;
  const hn::RebindToSigned<decltype(d)> d32;
  const hn::Rebind<std::uint8_t, decltype(d)> d8;
  const auto means = hn::Set(d, mean);
  const auto deviations = hn::Set(d, deviation);
  std::size_t x = 0;
  for (; x + hn::Lanes(d) <= width; x += hn::Lanes(d)) {
    const auto values = hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(d8, plane + x)));
    hn::StoreU(hn::Div(hn::Sub(values, means), deviations), d, target + x);
  }
  for (; x < width; ++x) target[x] = (static_cast<float>(plane[x]) - mean) / deviation;
}

void join(const std::array<const std::uint8_t*, 3>& planes, std::size_t width, std::uint8_t* target) {
  const ByteTag d;
  std::size_t x = 0;
  for (; x + hn::Lanes(d) <= width; x += hn::Lanes(d)) {
    hn::StoreInterleaved3(hn::LoadU(d, planes[0] + x), hn::LoadU(d, planes[1] + x),
                          hn::LoadU(d, planes[2] + x), d, target + 3 * x);
  }
  for (; x < width; ++x) {
    for (std::size_t c = 0; c < 3; ++c) target[3 * x + c] = planes[c][x];
  }
}

/// The upper half of the nearest bf16, ties to even, of what is a number.
struct NearestBf16 {
  using Element = std::uint16_t;
  template <class D>
  HWY_INLINE auto operator()(D /*d*/, hn::Vec<D> value) const {
    const hn::RebindToUnsigned<D> d32;
    const hn::Rebind<Element, D> d16;
    const auto bits = hn::BitCast(d32, value);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d32, 1));
    return hn::TruncateTo(d16, hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(d32, 0x7fff)))));
  }
};

/// The nearest of `least`..`most`, ties to even. Bytes are the same, signed or not.
struct Nearest8Bits {
  using Element = std::uint8_t;
  float least, most;
  template <class D>
  HWY_INLINE auto operator()(D d, hn::Vec<D> value) const {
    const hn::RebindToUnsigned<D> d32;
    const hn::Rebind<Element, D> d8;
    const auto within = hn::Min(hn::Max(value, hn::Set(d, least)), hn::Set(d, most));
    return hn::TruncateTo(d8, hn::BitCast(d32, hn::NearestInt(within)));
  }
};

/// Three planes of f32 times `factor` -> pixels of three elements.
template <class Convert>
void join_as(const std::array<const float*, 3>& planes, std::size_t width, float factor, Convert convert,
             typename Convert::Element* target) {
  using Element = typename Convert::Element;
  const hn::CappedTag<float, 16> d;
  const hn::Rebind<Element, decltype(d)> to;
  const std::size_t lanes = hn::Lanes(d);
  const auto factors = hn::Set(d, factor);
  const auto pixels = [&](const std::array<const float*, 3>& from, Element* place) HWY_ATTR {
    hn::StoreInterleaved3(convert(d, hn::Mul(hn::LoadU(d, from[0]), factors)),
                          convert(d, hn::Mul(hn::LoadU(d, from[1]), factors)),
                          convert(d, hn::Mul(hn::LoadU(d, from[2]), factors)), to, place);
  };
  std::size_t x = 0;
  for (; x + lanes <= width; x += lanes)
    pixels({planes[0] + x, planes[1] + x, planes[2] + x}, target + 3 * x);
  if (x == width) return;
  std::array<std::array<float, 16>, 3> rest{};
  std::array<Element, 48> joined{};
  for (std::size_t c = 0; c < 3; ++c) std::copy(planes[c] + x, planes[c] + width, rest[c].begin());
  pixels({rest[0].data(), rest[1].data(), rest[2].data()}, joined.data());
  std::copy_n(joined.begin(), 3 * (width - x), target + 3 * x);
}

void to_bf16(const std::array<const float*, 3>& planes, std::size_t width, std::uint16_t* target) {
  join_as(planes, width, 1.F, NearestBf16(), target);
}

void to_8_bits(const std::array<const float*, 3>& planes, std::size_t width, float factor, float least,
               float most, std::uint8_t* target) {
  join_as(planes, width, factor, Nearest8Bits{least, most}, target);
}

}  // namespace rcnn::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rcnn::engine {
namespace {

HWY_EXPORT(stacked);
HWY_EXPORT(widen);
HWY_EXPORT(stack);
HWY_EXPORT(unstack);
HWY_EXPORT(columns);
HWY_EXPORT(split);
HWY_EXPORT(rows);
HWY_EXPORT(normalize);
HWY_EXPORT(join);
HWY_EXPORT(to_bf16);
HWY_EXPORT(to_8_bits);

}  // namespace

std::size_t stack_rows() { return HWY_DYNAMIC_DISPATCH(stacked)(); }

void widen_pixels(const std::uint8_t* source, std::size_t width, std::size_t pixel_bytes,
                  std::uint8_t* target) {
  HWY_DYNAMIC_DISPATCH(widen)(source, width, pixel_bytes, target);
}

void stack_pixels(std::span<const std::uint8_t* const> rows, std::size_t width, std::uint8_t* stack) {
  HWY_DYNAMIC_DISPATCH(stack)(rows, width, stack);
}

void unstack_pixels(const std::uint8_t* stack, std::size_t width, std::span<std::uint8_t* const> rows) {
  HWY_DYNAMIC_DISPATCH(unstack)(stack, width, rows);
}

void filter_columns(const AxisFilter& filter, const std::uint8_t* source, std::uint8_t* target) {
  HWY_DYNAMIC_DISPATCH(columns)(filter, source, target);
}

void split_channels(const std::uint8_t* pixels, std::size_t width, std::size_t pitch, std::uint8_t* planes) {
  HWY_DYNAMIC_DISPATCH(split)(pixels, width, pitch, planes);
}

void filter_rows(std::span<const std::uint8_t* const> rows, std::span<const std::int32_t> coefficients,
                 std::size_t bytes, std::uint8_t* target) {
  HWY_DYNAMIC_DISPATCH(rows)(rows, coefficients, bytes, target);
}

void normalize_plane(const std::uint8_t* plane, std::size_t width, float mean, float deviation,
                     float* target) {
  HWY_DYNAMIC_DISPATCH(normalize)(plane, width, mean, deviation, target);
}

void join_bf16(const std::array<const float*, 3>& planes, std::size_t width, std::uint16_t* target) {
  HWY_DYNAMIC_DISPATCH(to_bf16)(planes, width, target);
}

void join_8_bits(const std::array<const float*, 3>& planes, std::size_t width, float factor, float least,
                 float most, std::uint8_t* target) {
  HWY_DYNAMIC_DISPATCH(to_8_bits)(planes, width, factor, least, most, target);
}

void join_channels(const std::array<const std::uint8_t*, 3>& planes, std::size_t width,
                   std::uint8_t* target) {
  HWY_DYNAMIC_DISPATCH(join)(planes, width, target);
}

}  // namespace rcnn::engine
#endif  // HWY_ONCE
