// SPDX-License-Identifier: MIT
#include "engine/rcnn/roi_kernel.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/simd/instruction_sets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/rcnn/roi_kernel.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // Compiles this file once per instruction set.
#include <hwy/highway.h>

#include "engine/rcnn/roi_elements-inl.hpp"
#include "engine/rcnn/roi_slots-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE void add_pair(Pair<D>& sum, hn::Vec<D> weight, Pair<D> values) {
  sum.low = hn::MulAdd(weight, values.low, sum.low);
  sum.high = hn::MulAdd(weight, values.high, sum.high);
}

/// Sums cells (outer tap, inner tap), each times both weights, and hands the sums to `sink`. They are
/// parameters, since GCC keeps arrays of registers in memory.
template <class D, class Source, class Sink, std::size_t... kPair, class... Pairs>
HWY_INLINE void sum_cells(D d, const Source& source, std::span<const Tap> outer, std::size_t outer_stride,
                          std::span<const Tap> inner, std::size_t inner_stride, const Sink& sink,
                          std::index_sequence<kPair...> /*pairs*/, Pairs... sums) {
  for (const auto& first : outer) {
    const auto base = first.cell * outer_stride;
    for (const auto& second : inner) {
      const auto at = base + second.cell * inner_stride;
      const auto weight = hn::Set(d, first.weight * second.weight);
      (add_pair<D>(sums, weight, source.template load<kPair>(d, at)), ...);
    }
  }
  sink.template take<kPair...>(d, sums...);
}

template <std::size_t kPair, class D>
HWY_INLINE Pair<D> zero_pair(D d) {
  return {hn::Zero(d), hn::Zero(d)};
}

template <class D, class Source, class Sink, std::size_t... kPair>
HWY_INLINE void sum_all(D d, const Source& source, std::span<const Tap> outer, std::size_t outer_stride,
                        std::span<const Tap> inner, std::size_t inner_stride, const Sink& sink,
                        std::index_sequence<kPair...> pairs) {
  sum_cells(d, source, outer, outer_stride, inner, inner_stride, sink, pairs, zero_pair<kPair>(d)...);
}

/// One axis of a region as the two passes see it.
struct PassAxis {
  const AxisTaps& taps;
  std::size_t cell_stride;    ///< In the features
  std::size_t pooled_stride;  ///< From bin to bin
};

/// For every bin of `first`: sums its cells once for every cell of `second` into the line buffer, then that
/// for every bin of `second`.
template <class D, std::size_t kPairs, class Source>
HWY_INLINE void pool_in_two_passes(D d, const PooledGroup<kPairs>& group, const Source& source,
                                   const TapTable& table, const PassAxis& first, const PassAxis& second,
                                   int bins, float* line, std::byte* pooled) {
  constexpr bool kWhereApart = kApart<D, typename Source::Element>;
  const std::size_t size = size_of(group.element.dtype), line_stride = 2 * kPairs * hn::Lanes(d);
  constexpr auto kAll = std::make_index_sequence<kPairs>();
  const Together<float> line_source(line);
  const std::size_t before_line = 0 - line_stride;  // Times the line's first cell: the line begins with that
  for (int i = 0; i < bins; ++i) {
    const auto taps = table.bin(first.taps, i);
    for (auto cell = second.taps.begin; cell < second.taps.end; ++cell) {
      const Tap here{cell, 1.F};
      sum_all(d, source, {&here, 1}, second.cell_stride, taps, first.cell_stride,
              Line{line + (cell - second.taps.begin) * line_stride}, kAll);
    }
    const Tap whole_line{second.taps.begin, 1.F};
    for (int k = 0; k < bins; ++k) {
      const auto bin = static_cast<std::size_t>(i) * first.pooled_stride +
                       static_cast<std::size_t>(k) * second.pooled_stride;
      sum_all(d, line_source, {&whole_line, 1}, before_line, table.bin(second.taps, k), line_stride,
              Pooled<kWhereApart, kPairs>{group, pooled + bin * size}, kAll);
    }
  }
}

template <class D, std::size_t kPairs, class Source>
HWY_INLINE void pool_at_once(D d, const PooledGroup<kPairs>& group, const Source& source,
                             const ChannelRuns& runs, const TapTable& table, const TappedRegion& region,
                             int bins) {
  constexpr bool kWhereApart = kApart<D, typename Source::Element>;
  const auto step = runs.channels * size_of(group.element.dtype);
  auto* pooled = region.pooled;
  for (int y = 0; y < bins; ++y) {
    const auto rows = table.bin(region.y, y);
    for (int x = 0; x < bins; ++x, pooled += step) {
      sum_all(d, source, rows, runs.row_stride, table.bin(region.x, x), runs.cell_stride,
              Pooled<kWhereApart, kPairs>{group, pooled}, std::make_index_sequence<kPairs>());
    }
  }
}

/// Whether all bins begin with a line of the cache and end with one, and are narrow. These go past the
/// caches: lines that are not read before they are written save a tenth of the time in bf16, a fifth where
/// regions have 14 x 14 bins, and pooled regions of an image seldom find room in the caches until they are
/// read. In f32, whose maps lie in blocks, it takes a twentieth longer.
bool writes_narrow_lines(const ChannelRuns& runs, std::span<const TappedRegion> regions,
                         const PooledElement& element) {
  constexpr std::size_t kLine = 64;
  const auto starts_line = [](const TappedRegion& region) {
    return reinterpret_cast<std::uintptr_t>(region.pooled) % kLine == 0;
  };
  return element.dtype != DType::kF32 && runs.channels * size_of(element.dtype) % kLine == 0 &&
         std::ranges::all_of(regions, starts_line);
}

template <std::size_t kPairs, class Source, class D>
void pool_with(D d, const ChannelRuns& runs, const TapTable& table, std::span<const TappedRegion> regions,
               int bins, const PooledElement& element) {
  std::vector<SumOrder> orders;
  std::size_t longest = 0;
  for (const auto& region : regions) {
    orders.push_back(cheapest_order(region, bins));
    longest = std::max({longest, region.x.cells(), region.y.cells()});
  }
  const auto line =
      hwy::AllocateAligned<float>(std::max<std::size_t>(1, longest * 2 * kPairs * hn::Lanes(d)));
  const std::size_t row = static_cast<std::size_t>(bins) * runs.channels;
  const bool aligned = writes_narrow_lines(runs, regions, element);
  for (const auto& slots : slot_groups<kPairs>(d, runs)) {
    const PooledGroup<kPairs> group{slots, element, aligned && slots.together};
    const Source source(slots, runs);
    for (std::size_t i = 0; i < regions.size(); ++i) {
      const PassAxis x{regions[i].x, runs.cell_stride, runs.channels};
      const PassAxis y{regions[i].y, runs.row_stride, row};
      if (orders[i] == SumOrder::kBoth) {
        pool_at_once(d, group, source, runs, table, regions[i], bins);
      } else {
        const bool rows_first = orders[i] == SumOrder::kRowsFirst;
        pool_in_two_passes(d, group, source, table, rows_first ? y : x, rows_first ? x : y, bins, line.get(),
                           regions[i].pooled);
      }
    }
  }
}

/// Two fused multiply-adds a cycle, four cycles each: eight sums in flight keep the units busy. Sixteen have
/// half the bookkeeping, where there are registers for them.
constexpr std::size_t kFewPairs = 4, kManyPairs = HWY_TARGET <= HWY_AVX3 ? 8 : 4;

template <typename T, class D>
void pool_runs(D d, const ChannelRuns& runs, const TapTable& table, std::span<const TappedRegion> regions,
               int bins, const PooledElement& element) {
  const auto lie_together = [&](std::size_t pairs) {
    return runs.run == runs.channels && runs.channels % (2 * pairs * hn::Lanes(d)) == 0;
  };
  if (lie_together(kManyPairs))
    return pool_with<kManyPairs, Together<T>>(d, runs, table, regions, bins, element);
  if (kManyPairs != kFewPairs && lie_together(kFewPairs))
    return pool_with<kFewPairs, Together<T>>(d, runs, table, regions, bins, element);
  pool_with<kFewPairs, Scattered<T, kFewPairs>>(d, runs, table, regions, bins, element);
}

/// The widest register that a run fills. Narrow elements come from processors with registers of 16, in runs
/// that fill these.
template <typename T>
void pool_elements(const ChannelRuns& runs, const TapTable& table, std::span<const TappedRegion> regions,
                   int bins, const PooledElement& element) {
  const auto with = [&](auto d) { pool_runs<T>(d, runs, table, regions, bins, element); };
  if (runs.run >= 16) return with(hn::CappedTag<float, 16>());
  if constexpr (sizeof(T) == sizeof(float)) {
    if (runs.run >= 8) return with(hn::CappedTag<float, 8>());
    if (runs.run >= 4) return with(hn::CappedTag<float, 4>());
  }
  with(hn::CappedTag<float, 1>());
}

void pool(const ChannelRuns& runs, const TapTable& table, std::span<const TappedRegion> regions, int bins,
          const PooledElement& element) {
  const auto of_elements = runs.dtype == DType::kBf16 ? pool_elements<Bf16Bits>
                           : runs.dtype == DType::kU8 ? pool_elements<std::uint8_t>
                           : runs.dtype == DType::kS8 ? pool_elements<std::int8_t>
                                                      : pool_elements<float>;
  of_elements(runs, table, regions, bins, element);
  hwy::FlushStream();  // What went past the caches is there before who is told so
}

}  // namespace rcnn::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rcnn::engine {
namespace {
HWY_EXPORT(pool);
}  // namespace

SumOrder cheapest_order(const TappedRegion& region, int bins) {
  const auto side = static_cast<std::size_t>(bins);
  // Every pass also stores what it sums and sets up its sums, which costs about as much as two cells.
  constexpr std::size_t kSetUp = 2;
  const auto two_passes = [&](const AxisTaps& first, const AxisTaps& second) {
    return first.count * second.cells() + side * second.count + kSetUp * side * (second.cells() + side);
  };
  const auto both = region.x.count * region.y.count + kSetUp * side * side;
  const auto rows_first = two_passes(region.y, region.x);
  const auto columns_first = two_passes(region.x, region.y);
  if (both <= std::min(rows_first, columns_first)) return SumOrder::kBoth;
  return rows_first <= columns_first ? SumOrder::kRowsFirst : SumOrder::kColumnsFirst;
}

void pool_regions(const ChannelRuns& runs, const TapTable& table, std::span<const TappedRegion> regions,
                  int bins, const PooledElement& element) {
  HWY_DYNAMIC_DISPATCH(pool)(runs, table, regions, bins, element);
}

}  // namespace rcnn::engine
#endif  // HWY_ONCE
