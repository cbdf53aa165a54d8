// SPDX-License-Identifier: MIT
#include "engine/image/coverage.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "engine/errors.hpp"
#include "engine/simd/instruction_sets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/image/coverage.cpp"
#include <hwy/foreach_target.h>  // Compiles this file once per instruction set.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Bytes = hn::ScalableTag<std::uint8_t>;

/// Writes whole registers; maps have room for that behind their last pixel.
void edge_row(const std::uint8_t* inside, std::size_t stride, int width, int reach, std::uint8_t* any,
              std::uint8_t* all, std::uint8_t* edges) {
  const Bytes d;
  const auto lanes = hn::Lanes(d);
  const auto around = static_cast<std::size_t>(reach), side = 2 * around + 1;
  const auto pixels = static_cast<std::size_t>(width);
  const auto* first = inside - around * stride - around;
  for (std::size_t x = 0; x < pixels + 2 * around; x += lanes) {
    auto some = hn::LoadU(d, first + x);
    auto every = some;
    for (std::size_t i = 1; i < side; ++i) {
      const auto row = hn::LoadU(d, first + i * stride + x);
      some = hn::Or(some, row);
      every = hn::And(every, row);
    }
    hn::StoreU(some, d, any + x);
    hn::StoreU(every, d, all + x);
  }
  for (std::size_t x = 0; x < pixels; x += lanes) {
    auto some = hn::LoadU(d, any + x);
    auto every = hn::LoadU(d, all + x);
    for (std::size_t i = 1; i < side; ++i) {
      some = hn::Or(some, hn::LoadU(d, any + x + i));
      every = hn::And(every, hn::LoadU(d, all + x + i));
    }
    hn::StoreU(hn::AndNot(every, some), d, edges + x);
  }
}

using Words = hn::ScalableTag<std::uint16_t>;
using HalfBytes = hn::Rebind<std::uint8_t, Words>;

template <class V>
HWY_INLINE auto to_bytes(V words) {
  return hn::DemoteTo(HalfBytes(), hn::BitCast(hn::RebindToSigned<Words>(), words));
}

/// A register at a time; \returns how many are done.
std::size_t halve(const std::uint8_t* top, const std::uint8_t* bottom, std::uint8_t* means,
                  std::size_t count) {
  const HalfBytes d;
  const Words words;
  const auto lanes = hn::Lanes(d);
  const auto pairs = [&](const std::uint8_t* row) {
    hn::Vec<HalfBytes> even, odd;
    hn::LoadInterleaved2(d, row, even, odd);
    return hn::Add(hn::PromoteTo(words, even), hn::PromoteTo(words, odd));
  };
  std::size_t x = 0;
  for (; x + lanes <= count; x += lanes) {
    const auto sum = hn::Add(hn::Add(pairs(top + 2 * x), pairs(bottom + 2 * x)), hn::Set(words, 2));
    hn::StoreU(to_bytes(hn::ShiftRight<2>(sum)), d, means + x);
  }
  return x;
}

/// (share * color + (255 - share) * ground) / 255, which never lies halfway between two numbers.
HWY_INLINE hn::Vec<HalfBytes> mix(hn::Vec<HalfBytes> ground, hn::Vec<Words> share, int color) {
  const Words words;
  const auto sum = hn::Add(hn::Mul(share, hn::Set(words, static_cast<std::uint16_t>(color))),
                           hn::Mul(hn::Sub(hn::Set(words, 255), share), hn::PromoteTo(words, ground)));
  const auto more = hn::Add(sum, hn::Set(words, 128));
  return to_bytes(hn::ShiftRight<8>(hn::Add(more, hn::ShiftRight<8>(more))));
}

template <std::size_t kChannels>
HWY_INLINE void mix_pixels(std::uint8_t* pixels, hn::Vec<HalfBytes> shares, const std::uint8_t* color) {
  const HalfBytes d;
  const auto share = hn::PromoteTo(Words(), shares);
  hn::Vec<HalfBytes> a, b, c, e;
  if constexpr (kChannels == 1) {
    hn::StoreU(mix(hn::LoadU(d, pixels), share, color[0]), d, pixels);
  } else if constexpr (kChannels == 2) {
    hn::LoadInterleaved2(d, pixels, a, b);
    hn::StoreInterleaved2(mix(a, share, color[0]), mix(b, share, color[1]), d, pixels);
  } else if constexpr (kChannels == 3) {
    hn::LoadInterleaved3(d, pixels, a, b, c);
    hn::StoreInterleaved3(mix(a, share, color[0]), mix(b, share, color[1]), mix(c, share, color[2]), d,
                          pixels);
  } else {
    hn::LoadInterleaved4(d, pixels, a, b, c, e);
    hn::StoreInterleaved4(mix(a, share, color[0]), mix(b, share, color[1]), mix(c, share, color[2]),
                          mix(e, share, color[3]), d, pixels);
  }
}

template <std::size_t kChannels>
void blend(std::uint8_t* row, const std::uint8_t* coverage, std::size_t count, const std::uint8_t* color,
           Blend how) {
  const HalfBytes d;
  const auto lanes = hn::Lanes(d);
  const auto share_of = [&](hn::Vec<HalfBytes> covered) {
    if (how.least < 0) return covered;
    const auto least = hn::Set(d, static_cast<std::uint8_t>(how.least));
    return hn::IfThenElseZero(hn::Eq(hn::Max(covered, least), covered),
                              hn::Set(d, static_cast<std::uint8_t>(how.share)));
  };
  std::size_t x = 0;
  for (; x + lanes <= count; x += lanes) {
    const auto share = share_of(hn::LoadU(d, coverage + x));
    if (hn::AllTrue(d, hn::Eq(share, hn::Zero(d)))) continue;
    mix_pixels<kChannels>(row + x * kChannels, share, color);
  }
  if (x == count) return;
  HWY_ALIGN std::array<std::uint8_t, hn::MaxLanes(HalfBytes())> covered{};
  HWY_ALIGN std::array<std::uint8_t, hn::MaxLanes(HalfBytes()) * kChannels> pixels{};
  std::memcpy(covered.data(), coverage + x, count - x);
  const auto share = share_of(hn::Load(d, covered.data()));
  if (hn::AllTrue(d, hn::Eq(share, hn::Zero(d)))) return;
  std::memcpy(pixels.data(), row + x * kChannels, (count - x) * kChannels);
  mix_pixels<kChannels>(pixels.data(), share, color);
  std::memcpy(row + x * kChannels, pixels.data(), (count - x) * kChannels);
}

void blend_1(std::uint8_t* row, const std::uint8_t* coverage, std::size_t count, const std::uint8_t* color,
             Blend how) {
  blend<1>(row, coverage, count, color, how);
}
void blend_2(std::uint8_t* row, const std::uint8_t* coverage, std::size_t count, const std::uint8_t* color,
             Blend how) {
  blend<2>(row, coverage, count, color, how);
}
void blend_3(std::uint8_t* row, const std::uint8_t* coverage, std::size_t count, const std::uint8_t* color,
             Blend how) {
  blend<3>(row, coverage, count, color, how);
}
void blend_4(std::uint8_t* row, const std::uint8_t* coverage, std::size_t count, const std::uint8_t* color,
             Blend how) {
  blend<4>(row, coverage, count, color, how);
}

}  // namespace rcnn::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rcnn::engine {
namespace {

HWY_EXPORT(edge_row);
HWY_EXPORT(halve);
HWY_EXPORT(blend_1);
HWY_EXPORT(blend_2);
HWY_EXPORT(blend_3);
HWY_EXPORT(blend_4);

constexpr std::size_t kRoom = 256;  ///< No register is longer

}  // namespace

CoverageMap::CoverageMap(int width, int height, int border)
    : width_(width),
      height_(height),
      border_(border),
      stride_(static_cast<std::size_t>(width + 2 * border)),
      bytes_(stride_ * static_cast<std::size_t>(height + 2 * border) + kRoom) {}

void find_edges(const CoverageMap& inside, int reach, CoverageMap& edges) {
  if (reach < 1 || reach > inside.border() || edges.width() != inside.width() ||
      edges.height() != inside.height()) {
    throw ShapeError("edges " + std::to_string(reach) + " pixels wide of " + std::to_string(inside.width()) +
                     "x" + std::to_string(inside.height()) + " pixels with a border of " +
                     std::to_string(inside.border()) + " do not go into " + std::to_string(edges.width()) +
                     "x" + std::to_string(edges.height()));
  }
  std::vector<std::uint8_t> any(inside.stride() + kRoom), all(inside.stride() + kRoom);
  for (int y = 0; y < inside.height(); ++y) {
    HWY_DYNAMIC_DISPATCH(edge_row)
    (inside.row(y), inside.stride(), inside.width(), reach, any.data(), all.data(), edges.row(y));
  }
}

void halve_rows(std::span<const std::uint8_t> top, std::span<const std::uint8_t> bottom,
                std::span<std::uint8_t> means) {
  if (top.size() != 2 * means.size() || bottom.size() != top.size()) {
    throw ShapeError("rows of " + std::to_string(top.size()) + " and " + std::to_string(bottom.size()) +
                     " pixels have no " + std::to_string(means.size()) + " means");
  }
  auto x = HWY_DYNAMIC_DISPATCH(halve)(top.data(), bottom.data(), means.data(), means.size());
  for (; x < means.size(); ++x) {
    const int sum = top[2 * x] + top[2 * x + 1] + bottom[2 * x] + bottom[2 * x + 1];
    means[x] = static_cast<std::uint8_t>((sum + 2) / 4);
  }
}

void blend_row(std::span<std::uint8_t> row, std::span<const std::uint8_t> coverage,
               std::span<const std::uint8_t> color, Blend how) {
  if (row.size() != coverage.size() * color.size() || color.empty() || color.size() > 4) {
    throw ShapeError("a row of " + std::to_string(row.size()) + " bytes is not " +
                     std::to_string(coverage.size()) + " pixels of " + std::to_string(color.size()) +
                     " channels (1 to 4)");
  }
  const auto call = [&](auto blend) {
    blend(row.data(), coverage.data(), coverage.size(), color.data(), how);
  };
  switch (color.size()) {
    case 1:
      return call(HWY_DYNAMIC_DISPATCH(blend_1));
    case 2:
      return call(HWY_DYNAMIC_DISPATCH(blend_2));
    case 3:
      return call(HWY_DYNAMIC_DISPATCH(blend_3));
    default:
      return call(HWY_DYNAMIC_DISPATCH(blend_4));
  }
}

}  // namespace rcnn::engine
#endif  // HWY_ONCE
