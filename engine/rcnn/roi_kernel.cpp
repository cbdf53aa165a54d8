// SPDX-License-Identifier: MIT
#include "engine/rcnn/roi_kernel.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "engine/simd/instruction_sets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/rcnn/roi_kernel.cpp"
#include <hwy/aligned_allocator.h>
#include <hwy/foreach_target.h>  // Compiles this file once per instruction set.
#include <hwy/highway.h>

#include "engine/rcnn/roi_elements-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Two fused multiply-adds a cycle, four cycles each: eight sums in flight keep the units busy.
constexpr std::size_t kSlots = 8;

/// Eight registers' worth of channels: where they are read at cell 0.
template <typename T>
using Sources = std::array<const T*, kSlots>;

/// Where they are written.
struct Target {
  std::size_t channel;  ///< First one
  std::size_t count;    ///< Channels to store; the rest of the register is a block's padding
};
using Targets = std::array<Target, kSlots>;

struct SlotGroup {
  std::array<std::size_t, kSlots> sources;  ///< Elements from the map's first
  Targets targets;
};

template <typename T>
Sources<T> sources_of(const SlotGroup& group, const ChannelRuns& runs) {
  Sources<T> sources;
  for (std::size_t i = 0; i < kSlots; ++i) sources[i] = static_cast<const T*>(runs.data) + group.sources[i];
  return sources;
}

/// All channels in groups; an incomplete group repeats its last register.
template <class D>
std::vector<SlotGroup> slot_groups(D d, const ChannelRuns& runs) {
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t slots = (runs.channels + lanes - 1) / lanes;
  std::vector<SlotGroup> groups((slots + kSlots - 1) / kSlots);
  for (std::size_t i = 0; i < groups.size() * kSlots; ++i) {
    auto first = std::min(i, slots - 1) * lanes;
    // An unpadded run ends with the channels: the last register overlaps the one before it.
    if (runs.run == runs.channels && first + lanes > runs.run) first = runs.run - lanes;
    auto& group = groups[i / kSlots];
    group.sources[i % kSlots] = first / runs.run * runs.run_stride + first % runs.run;
    group.targets[i % kSlots] = {first, std::min(lanes, runs.channels - first)};
  }
  return groups;
}

template <class D, class To>
HWY_INLINE void store(D d, const To& to, hn::Vec<D> sum, const Target& target, void* pooled) {
  using Element = typename To::Element;
  const hn::Rebind<Element, D> d_element;
  auto* first = static_cast<Element*>(pooled) + target.channel;
  if (hn::MaxLanes(D()) == 1 || HWY_LIKELY(target.count == hn::Lanes(d))) {
    hn::StoreU(to(d, sum), d_element, first);
  } else {
    HWY_ALIGN std::array<Element, hn::MaxLanes(D())> whole;
    hn::Store(to(d, sum), d_element, whole.data());
    std::memcpy(first, whole.data(), target.count * sizeof(Element));
  }
}

template <class D, class To, class V = hn::Vec<D>>
HWY_INLINE void store_all(D d, const To& to, const Targets& targets, void* pooled, V sum0, V sum1, V sum2,
                          V sum3, V sum4, V sum5, V sum6, V sum7) {
  store(d, to, sum0, targets[0], pooled);
  store(d, to, sum1, targets[1], pooled);
  store(d, to, sum2, targets[2], pooled);
  store(d, to, sum3, targets[3], pooled);
  store(d, to, sum4, targets[4], pooled);
  store(d, to, sum5, targets[5], pooled);
  store(d, to, sum6, targets[6], pooled);
  store(d, to, sum7, targets[7], pooled);
}

/// Sums cells (outer tap, inner tap), each times both weights.
template <class D, typename T>
HWY_INLINE void sum_cells(D d, const Sources<T>& sources, std::span<const Tap> outer,
                          std::size_t outer_stride, std::span<const Tap> inner, std::size_t inner_stride,
                          const Targets& targets, const PooledElement& element, void* sums) {
  auto sum0 = hn::Zero(d);
  auto sum1 = sum0;
  auto sum2 = sum0;
  auto sum3 = sum0;
  auto sum4 = sum0;
  auto sum5 = sum0;
  auto sum6 = sum0;
  auto sum7 = sum0;
  for (const auto& first : outer) {
    const auto base = first.cell * outer_stride;
    for (const auto& second : inner) {
      const auto at = base + second.cell * inner_stride;
      const auto weight = hn::Set(d, first.weight * second.weight);
      sum0 = hn::MulAdd(weight, load(d, sources[0] + at), sum0);
      sum1 = hn::MulAdd(weight, load(d, sources[1] + at), sum1);
      sum2 = hn::MulAdd(weight, load(d, sources[2] + at), sum2);
      sum3 = hn::MulAdd(weight, load(d, sources[3] + at), sum3);
      sum4 = hn::MulAdd(weight, load(d, sources[4] + at), sum4);
      sum5 = hn::MulAdd(weight, load(d, sources[5] + at), sum5);
      sum6 = hn::MulAdd(weight, load(d, sources[6] + at), sum6);
      sum7 = hn::MulAdd(weight, load(d, sources[7] + at), sum7);
    }
  }
  if (element.dtype == DType::kF32) {
    store_all(d, ToF32{}, targets, sums, sum0, sum1, sum2, sum3, sum4, sum5, sum6, sum7);
  } else if (element.dtype == DType::kBf16) {
    store_all(d, ToBf16{}, targets, sums, sum0, sum1, sum2, sum3, sum4, sum5, sum6, sum7);
  } else {
    const To8Bits to{element.least, element.most};
    store_all(d, to, targets, sums, sum0, sum1, sum2, sum3, sum4, sum5, sum6, sum7);
  }
}

/// One axis of a region as the two passes see it.
struct PassAxis {
  const AxisTaps& taps;
  std::size_t cell_stride;    ///< In the features
  std::size_t pooled_stride;  ///< From bin to bin
};

/// For every bin of `first`: sums its cells once for every cell of `second` into the line buffer, then that
/// for every bin of `second`.
template <class D, typename T>
HWY_INLINE void pool_in_two_passes(D d, const SlotGroup& group, const ChannelRuns& runs,
                                   const TapTable& table, const PassAxis& first, const PassAxis& second,
                                   int bins, float* line, const PooledElement& element, std::byte* pooled) {
  const std::size_t lanes = hn::Lanes(d), size = size_of(element.dtype);
  const auto sources = sources_of<T>(group, runs);
  Sources<float> line_sources;
  Targets line_targets;
  for (std::size_t i = 0; i < kSlots; ++i) {
    line_sources[i] = line + i * lanes;
    line_targets[i] = {i * lanes, lanes};
  }
  const std::size_t before_line =
      0 - kSlots * lanes;  // Times the line's first cell: the line begins with that one
  for (int i = 0; i < bins; ++i) {
    const auto taps = table.bin(first.taps, i);
    for (auto cell = second.taps.begin; cell < second.taps.end; ++cell) {
      const Tap here{cell, 1.F};
      sum_cells<D, T>(d, sources, {&here, 1}, second.cell_stride, taps, first.cell_stride, line_targets,
                      PooledElement{}, line + (cell - second.taps.begin) * kSlots * lanes);
    }
    const Tap whole_line{second.taps.begin, 1.F};
    for (int k = 0; k < bins; ++k) {
      const auto bin = static_cast<std::size_t>(i) * first.pooled_stride +
                       static_cast<std::size_t>(k) * second.pooled_stride;
      sum_cells<D, float>(d, line_sources, {&whole_line, 1}, before_line, table.bin(second.taps, k),
                          kSlots * lanes, group.targets, element, pooled + bin * size);
    }
  }
}

template <class D, typename T>
HWY_INLINE void pool_at_once(D d, const SlotGroup& group, const ChannelRuns& runs, const TapTable& table,
                             const TappedRegion& region, int bins, const PooledElement& element) {
  const auto sources = sources_of<T>(group, runs);
  const auto step = runs.channels * size_of(element.dtype);
  auto* pooled = region.pooled;
  for (int y = 0; y < bins; ++y) {
    const auto rows = table.bin(region.y, y);
    for (int x = 0; x < bins; ++x, pooled += step) {
      sum_cells<D, T>(d, sources, rows, runs.row_stride, table.bin(region.x, x), runs.cell_stride,
                      group.targets, element, pooled);
    }
  }
}

template <class D, typename T>
void pool_with(D d, const ChannelRuns& runs, const TapTable& table, std::span<const TappedRegion> regions,
               int bins, const PooledElement& element) {
  std::vector<SumOrder> orders;
  std::size_t longest = 0;
  for (const auto& region : regions) {
    orders.push_back(cheapest_order(region, bins));
    longest = std::max({longest, region.x.cells(), region.y.cells()});
  }
  const auto line = hwy::AllocateAligned<float>(std::max<std::size_t>(1, longest * kSlots * hn::Lanes(d)));
  const std::size_t row = static_cast<std::size_t>(bins) * runs.channels;
  for (const auto& group : slot_groups(d, runs)) {
    for (std::size_t i = 0; i < regions.size(); ++i) {
      const PassAxis x{regions[i].x, runs.cell_stride, runs.channels};
      const PassAxis y{regions[i].y, runs.row_stride, row};
      if (orders[i] == SumOrder::kBoth) {
        pool_at_once<D, T>(d, group, runs, table, regions[i], bins, element);
      } else {
        const bool rows_first = orders[i] == SumOrder::kRowsFirst;
        pool_in_two_passes<D, T>(d, group, runs, table, rows_first ? y : x, rows_first ? x : y, bins,
                                 line.get(), element, regions[i].pooled);
      }
    }
  }
}

/// The widest register that a run fills. Narrow elements come from processors with registers of 16, in runs
/// that fill these.
template <typename T>
void pool_elements(const ChannelRuns& runs, const TapTable& table, std::span<const TappedRegion> regions,
                   int bins, const PooledElement& element) {
  const auto with = [&](auto d) { pool_with<decltype(d), T>(d, runs, table, regions, bins, element); };
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
