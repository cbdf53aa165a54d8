// SPDX-License-Identifier: MIT
#include "engine/rcnn/roi_kernel.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/rcnn/roi_kernel.cpp"
#include <hwy/foreach_target.h>  // Compiles this file once per instruction set.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// One register's worth of channels.
struct Slot {
  const float* data;    ///< At cell 0
  std::size_t channel;  ///< First one
  std::size_t count;    ///< Channels to store; the rest of the register is a block's padding
};

// Two fused multiply-adds a cycle, four cycles each: eight sums in flight keep the units busy.
constexpr std::size_t kSlots = 8;
using SlotGroup = std::array<Slot, kSlots>;

/// Registers' worths of channels, in groups; an incomplete group repeats its last slot.
template <class D>
std::vector<SlotGroup> slot_groups(D d, const ChannelRuns& runs) {
  const std::size_t lanes = hn::Lanes(d);
  std::vector<Slot> slots;
  for (std::size_t channel = 0; channel < runs.channels; channel += lanes) {
    auto first = channel;
    // An unpadded run ends with the channels: the last register overlaps the one before it.
    if (runs.run == runs.channels && first + lanes > runs.run) first = runs.run - lanes;
    slots.push_back({runs.data + first / runs.run * runs.run_stride + first % runs.run, first,
                     std::min(lanes, runs.channels - first)});
  }
  while (slots.size() % kSlots != 0) slots.push_back(slots.back());
  std::vector<SlotGroup> groups(slots.size() / kSlots);
  for (std::size_t i = 0; i < slots.size(); ++i) groups[i / kSlots][i % kSlots] = slots[i];
  return groups;
}

template <class D, class V>
HWY_INLINE void store(D d, V value, const Slot& slot, float* pooled) {
  if (HWY_LIKELY(slot.count == hn::Lanes(d))) {
    hn::StoreU(value, d, pooled + slot.channel);
    return;
  }
  HWY_ALIGN std::array<float, hn::MaxLanes(D())> whole;
  hn::Store(value, d, whole.data());
  std::memcpy(pooled + slot.channel, whole.data(), slot.count * sizeof(float));
}

/// One bin of one region.
template <class D>
HWY_INLINE void pool_bin(D d, const ChannelRuns& runs, const SlotGroup& slots, std::span<const Tap> rows,
                         std::span<const Tap> columns, float* pooled) {
  auto sum0 = hn::Zero(d);
  auto sum1 = sum0;
  auto sum2 = sum0;
  auto sum3 = sum0;
  auto sum4 = sum0;
  auto sum5 = sum0;
  auto sum6 = sum0;
  auto sum7 = sum0;
  for (const auto& row : rows) {
    const auto row_offset = row.cell * runs.row_stride;
    for (const auto& column : columns) {
      const auto at = row_offset + column.cell * runs.cell_stride;
      const auto weight = hn::Set(d, row.weight * column.weight);
      sum0 = hn::MulAdd(weight, hn::LoadU(d, slots[0].data + at), sum0);
      sum1 = hn::MulAdd(weight, hn::LoadU(d, slots[1].data + at), sum1);
      sum2 = hn::MulAdd(weight, hn::LoadU(d, slots[2].data + at), sum2);
      sum3 = hn::MulAdd(weight, hn::LoadU(d, slots[3].data + at), sum3);
      sum4 = hn::MulAdd(weight, hn::LoadU(d, slots[4].data + at), sum4);
      sum5 = hn::MulAdd(weight, hn::LoadU(d, slots[5].data + at), sum5);
      sum6 = hn::MulAdd(weight, hn::LoadU(d, slots[6].data + at), sum6);
      sum7 = hn::MulAdd(weight, hn::LoadU(d, slots[7].data + at), sum7);
    }
  }
  store(d, sum0, slots[0], pooled);
  store(d, sum1, slots[1], pooled);
  store(d, sum2, slots[2], pooled);
  store(d, sum3, slots[3], pooled);
  store(d, sum4, slots[4], pooled);
  store(d, sum5, slots[5], pooled);
  store(d, sum6, slots[6], pooled);
  store(d, sum7, slots[7], pooled);
}

template <class D>
void pool_with(D d, const ChannelRuns& runs, const TapTable& table, std::span<const TappedRegion> regions,
               int bins) {
  for (const auto& slots : slot_groups(d, runs)) {
    for (const auto& region : regions) {
      float* pooled = region.pooled;
      for (int y = 0; y < bins; ++y) {
        const auto rows = table.bin(region.y_axis, y);
        for (int x = 0; x < bins; ++x, pooled += runs.channels) {
          pool_bin(d, runs, slots, rows, table.bin(region.x_axis, x), pooled);
        }
      }
    }
  }
}

/// The widest register that a run fills.
void pool(const ChannelRuns& runs, const TapTable& table, std::span<const TappedRegion> regions, int bins) {
  if (runs.run >= 16) return pool_with(hn::CappedTag<float, 16>(), runs, table, regions, bins);
  if (runs.run >= 8) return pool_with(hn::CappedTag<float, 8>(), runs, table, regions, bins);
  if (runs.run >= 4) return pool_with(hn::CappedTag<float, 4>(), runs, table, regions, bins);
  pool_with(hn::CappedTag<float, 1>(), runs, table, regions, bins);
}

}  // namespace rcnn::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rcnn::engine {
namespace {
HWY_EXPORT(pool);
}  // namespace

void pool_regions(const ChannelRuns& runs, const TapTable& table, std::span<const TappedRegion> regions,
                  int bins) {
  HWY_DYNAMIC_DISPATCH(pool)(runs, table, regions, bins);
}

}  // namespace rcnn::engine
#endif  // HWY_ONCE
