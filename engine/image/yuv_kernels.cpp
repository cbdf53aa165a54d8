// SPDX-License-Identifier: MIT
#include "engine/image/yuv_kernels.hpp"

#include <array>
#include <cmath>
#include <cstring>

#include "engine/image/row_kernels.hpp"
#include "engine/simd/instruction_sets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/image/yuv_kernels.cpp"
#include <hwy/foreach_target.h>  // Compiles this file once per instruction set.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using ByteTag = hn::CappedTag<std::uint8_t, 64>;
using WordTag = hn::CappedTag<std::uint16_t, 32>;
using HalfTag = hn::Rebind<std::uint8_t, WordTag>;  ///< As many bytes as a register has words

static_assert(kRowSlack >= 4 * hn::MaxLanes(HalfTag()));

void split(const std::uint8_t* pairs, std::size_t count, std::uint8_t* first, std::uint8_t* second) {
  const ByteTag d;
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    auto a = hn::Zero(d);
    auto b = a;
    hn::LoadInterleaved2(d, pairs + 2 * i, a, b);
    hn::StoreU(a, d, first + i);
    hn::StoreU(b, d, second + i);
  }
  for (; i < count; ++i) {
    first[i] = pairs[2 * i];
    second[i] = pairs[2 * i + 1];
  }
}

HWY_INLINE auto load_words(const std::uint8_t* bytes) {
  return hn::PromoteTo(WordTag(), hn::LoadU(HalfTag(), bytes));
}

template <class V>
HWY_INLINE auto to_bytes(V words) {
  return hn::DemoteTo(HalfTag(), hn::BitCast(hn::RebindToSigned<WordTag>(), words));
}

/// (3 a + b + 2) / 4
template <class V>
HWY_INLINE V three_to_one(V a, V b) {
  const WordTag d;
  const auto sum = hn::Add(hn::Add(hn::Add(a, a), a), hn::Add(b, hn::Set(d, 2)));
  return hn::ShiftRight<2>(sum);
}

void upsample(const std::uint8_t* samples, std::size_t count, ChromaSite site, std::uint8_t* target) {
  const HalfTag d;
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    const auto own = hn::LoadU(d, samples + i);
    auto even = own;
    auto odd = own;
    if (site == ChromaSite::kCosited) {
      odd = hn::AverageRound(own, hn::LoadU(d, samples + i + 1));
    } else if (site == ChromaSite::kCentred) {
      const auto word = hn::PromoteTo(WordTag(), own);
      even = to_bytes(three_to_one(word, load_words(samples + i - 1)));
      odd = to_bytes(three_to_one(word, load_words(samples + i + 1)));
    }
    hn::StoreInterleaved2(even, odd, d, target + 2 * i);
  }
}

void blend(const std::uint8_t* nearer, const std::uint8_t* farther, int eighths, std::size_t width,
           std::uint8_t* target) {
  const WordTag d;
  const auto near_weight = hn::Set(d, static_cast<std::uint16_t>(eighths));
  const auto far_weight = hn::Set(d, static_cast<std::uint16_t>(8 - eighths));
  const auto half = hn::Set(d, 4);
  for (std::size_t x = 0; x < width; x += hn::Lanes(d)) {
    const auto sum = hn::Add(hn::Add(hn::Mul(load_words(nearer + x), near_weight), half),
                             hn::Mul(load_words(farther + x), far_weight));
    hn::StoreU(to_bytes(hn::ShiftRight<3>(sum)), HalfTag(), target + x);
  }
}

/// The byte less 128 in the upper half of a word. The lower half repeats its bits, which stands for the
/// factor 257 / 256 between 255 and 256 levels.
HWY_INLINE auto spread(const std::uint8_t* bytes) {
  const WordTag d;
  const auto twice = hn::Mul(hn::Xor(load_words(bytes), hn::Set(d, 0x80)), hn::Set(d, 0x101));
  return hn::BitCast(hn::RebindToSigned<WordTag>(), twice);
}

/// One register of pixels.
HWY_INLINE void to_pixels(const std::uint8_t* luma, const std::uint8_t* u, const std::uint8_t* v,
                          const YuvWeights& weights, std::uint8_t* target) {
  const hn::RebindToSigned<WordTag> d;
  const HalfTag d8;
  const auto y = hn::Add(hn::MulHigh(spread(luma), hn::Set(d, weights.luma)), hn::Set(d, 128));
  const auto u16 = spread(u);
  const auto v16 = spread(v);
  const auto red = hn::Add(y, hn::MulHigh(v16, hn::Set(d, weights.red)));
  const auto blue = hn::Add(y, hn::MulHigh(u16, hn::Set(d, weights.blue)));
  const auto green = hn::Add(hn::Add(y, hn::MulHigh(u16, hn::Set(d, weights.green_u))),
                             hn::MulHigh(v16, hn::Set(d, weights.green_v)));
  hn::StoreInterleaved4(hn::DemoteTo(d8, blue), hn::DemoteTo(d8, green), hn::DemoteTo(d8, red), hn::Zero(d8),
                        d8, target);
}

void convert(const std::uint8_t* luma, const std::uint8_t* u, const std::uint8_t* v, std::size_t width,
             const YuvWeights& weights, std::uint8_t* target) {
  const std::size_t lanes = hn::Lanes(HalfTag());
  std::size_t x = 0;
  for (; x + lanes <= width; x += lanes) to_pixels(luma + x, u + x, v + x, weights, target + 4 * x);
  if (x == width) return;
  std::array<std::uint8_t, hn::MaxLanes(HalfTag())> rest{};
  std::memcpy(rest.data(), luma + x, width - x);
  to_pixels(rest.data(), u + x, v + x, weights, target + 4 * x);
}

}  // namespace rcnn::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rcnn::engine {
namespace {

HWY_EXPORT(split);
HWY_EXPORT(upsample);
HWY_EXPORT(blend);
HWY_EXPORT(convert);

}  // namespace

YuvWeights yuv_weights(const YuvEncoding& encoding) {
  const double kg = 1 - encoding.kr - encoding.kb;
  const double luma = encoding.full_range ? 1. : 255. / 219;
  const double chroma = encoding.full_range ? 1. : 255. / 224;
  const auto fixed = [](double weight) { return static_cast<std::int16_t>(std::lrint(256 * weight)); };
  return {.luma = fixed(luma),
          .red = fixed(chroma * 2 * (1 - encoding.kr)),
          .green_u = fixed(-chroma * 2 * encoding.kb * (1 - encoding.kb) / kg),
          .green_v = fixed(-chroma * 2 * encoding.kr * (1 - encoding.kr) / kg),
          .blue = fixed(chroma * 2 * (1 - encoding.kb))};
}

void split_pairs(const std::uint8_t* pairs, std::size_t count, std::uint8_t* first, std::uint8_t* second) {
  HWY_DYNAMIC_DISPATCH(split)(pairs, count, first, second);
}

void upsample_chroma(const std::uint8_t* samples, std::size_t count, ChromaSite site, std::uint8_t* target) {
  HWY_DYNAMIC_DISPATCH(upsample)(samples, count, site, target);
}

void blend_chroma(const std::uint8_t* nearer, const std::uint8_t* farther, int eighths, std::size_t width,
                  std::uint8_t* target) {
  HWY_DYNAMIC_DISPATCH(blend)(nearer, farther, eighths, width, target);
}

void yuv_to_bgrx(const std::uint8_t* luma, const std::uint8_t* u, const std::uint8_t* v, std::size_t width,
                 const YuvWeights& weights, std::uint8_t* target) {
  HWY_DYNAMIC_DISPATCH(convert)(luma, u, v, width, weights, target);
}

}  // namespace rcnn::engine
#endif  // HWY_ONCE
