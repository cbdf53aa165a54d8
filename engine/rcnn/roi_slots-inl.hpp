// SPDX-License-Identifier: MIT
// Where RoIAlign's registers of channels are read and written, for the instruction set that it is compiled
// for.

#if defined(RCNN_ROI_SLOTS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef RCNN_ROI_SLOTS_INL
#undef RCNN_ROI_SLOTS_INL
#else
#define RCNN_ROI_SLOTS_INL
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <vector>

#include "engine/rcnn/roi_elements-inl.hpp"
#include "engine/rcnn/roi_kernel.hpp"

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Where the channels of a register are written.
struct Target {
  std::size_t channel;  ///< First one
  std::size_t count;    ///< Channels to store; the rest of the register is a block's padding
};

/// Pairs of registers of channels that are summed together.
template <std::size_t kPairs>
struct SlotGroup {
  std::array<std::size_t, 2 * kPairs> sources;  ///< Of each register, elements from the map's first
  std::array<Target, 2 * kPairs> targets;
  bool together = true;  ///< All of them are written, one after the other
};

/// All channels in groups; an incomplete group repeats its last register.
template <std::size_t kPairs, class D>
std::vector<SlotGroup<kPairs>> slot_groups(D d, const ChannelRuns& runs) {
  constexpr std::size_t kSlots = 2 * kPairs;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t slots = (runs.channels + lanes - 1) / lanes;
  std::vector<SlotGroup<kPairs>> groups((slots + kSlots - 1) / kSlots);
  for (std::size_t i = 0; i < groups.size() * kSlots; ++i) {
    auto first = std::min(i, slots - 1) * lanes;
    // An unpadded run ends with the channels: the last register overlaps the one before it.
    if (runs.run == runs.channels && first + lanes > runs.run) first = runs.run - lanes;
    auto& group = groups[i / kSlots];
    group.sources[i % kSlots] = first / runs.run * runs.run_stride + first % runs.run;
    group.targets[i % kSlots] = {first, std::min(lanes, runs.channels - first)};
    group.together = group.together && first == i * lanes && first + lanes <= runs.channels;
  }
  return groups;
}

/// A group's channels that lie together, at the map's first cell.
template <typename T>
struct Together {
  using Element = T;
  const T* first;
  template <std::size_t kPairs>
  Together(const SlotGroup<kPairs>& group, const ChannelRuns& runs)
      : first(static_cast<const T*>(runs.data) + group.sources[0]) {}
  explicit Together(const T* line) : first(line) {}
  template <std::size_t kPair, class D>
  HWY_INLINE Pair<D> load(D d, std::size_t at) const {
    return load_pair(d, first + at + kPair * 2 * hn::Lanes(d));
  }
};

/// A group's channels in several places.
template <typename T, std::size_t kPairs>
struct Scattered {
  using Element = T;
  std::array<const T*, 2 * kPairs> registers;
  Scattered(const SlotGroup<kPairs>& group, const ChannelRuns& runs) {
    for (std::size_t i = 0; i < registers.size(); ++i)
      registers[i] = static_cast<const T*>(runs.data) + group.sources[i];
  }
  template <std::size_t kPair, class D>
  HWY_INLINE Pair<D> load(D d, std::size_t at) const {
    return load_pair(d, registers[2 * kPair] + at, registers[2 * kPair + 1] + at);
  }
};

/// Takes sums into a buffer, as they are.
struct Line {
  float* first;
  template <std::size_t... kPair, class D, class... Pairs>
  HWY_INLINE void take(D d, Pairs... sums) const {
    (ToF32{}.store(d, sums, first + kPair * 2 * hn::Lanes(d)), ...);
  }
};

template <bool kWhereApart, class To, class D>
HWY_INLINE void store_together(D d, const To& to, Pair<D> sums, typename To::Element* at) {
  if constexpr (kWhereApart) {
    to.store_apart(d, sums, at);
  } else {
    to.store(d, sums, at);
  }
}

/// Where a group's channels of pooled regions go.
template <std::size_t kPairs>
struct PooledGroup {
  const SlotGroup<kPairs>& slots;
  const PooledElement& element;
  bool past_caches;
};

/// Takes sums into a bin of a pooled region, rounded.
template <bool kWhereApart, std::size_t kPairs>
struct Pooled {
  const PooledGroup<kPairs>& group;
  std::byte* bin;

  template <std::size_t... kPair, class D, class... Pairs>
  HWY_INLINE void take(D d, Pairs... sums) const {
    if (group.past_caches) {
      round<true, kPair...>(d, sums...);
    } else {
      round<false, kPair...>(d, sums...);
    }
  }

 private:
  template <bool kPast, std::size_t... kPair, class D, class... Pairs>
  HWY_INLINE void round(D d, Pairs... sums) const {
    const auto& element = group.element;
    if (element.dtype == DType::kF32) {
      store<kPair...>(d, ToF32{}, sums...);
    } else if (element.dtype == DType::kBf16) {
      store<kPair...>(d, ToBf16<kPast>{}, sums...);
    } else {
      store<kPair...>(d, To8Bits<kPast>{element.least, element.most}, sums...);
    }
  }

  /// No call may come before the last sum is stored: all registers would be kept in memory for its sake.
  template <std::size_t... kPair, class D, class To, class... Pairs>
  HWY_INLINE void store(D d, const To& to, Pairs... sums) const {
    using Element = typename To::Element;
    const std::size_t lanes = hn::Lanes(d);
    auto* elements = reinterpret_cast<Element*>(bin);
    const auto& targets = group.slots.targets;
    if (HWY_LIKELY(group.slots.together)) {
      auto* first = elements + targets[0].channel;
      (store_together<kWhereApart>(d, to, sums, first + kPair * 2 * lanes), ...);
      return;
    }
    HWY_ALIGN std::array<Element, 2 * kPairs * hn::MaxLanes(D())> whole;
    (store_together<kWhereApart>(d, to, sums, whole.data() + kPair * 2 * lanes), ...);
    const auto* from = whole.data();
    for (const auto& target : targets) {
      std::memcpy(elements + target.channel, from, target.count * sizeof(Element));
      from += lanes;
    }
  }
};

}  // namespace rcnn::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
