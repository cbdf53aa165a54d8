// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/rcnn/roi_taps.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

/// Where the channels of a feature map lie, counted in elements. The channels of one cell come in runs of
/// neighbours: a block, all of them (NHWC), or one by one (row-major).
struct ChannelRuns {
  const void* data;
  DType dtype;  ///< f32, bf16, or u8 or s8, whose step is in the taps' weights
  std::size_t channels;
  std::size_t run;         ///< Channels in a run, padding included
  std::size_t run_stride;  ///< From a run to the next, same cell
  std::size_t cell_stride;
  std::size_t row_stride;
};

/// Which axis is summed first. Bins narrower than a few cells share most of their cells: summing the rows of
/// a bin once for every column, then columns for every bin, reads a tall, narrow region's cells once instead
/// of seven times. Where bins hardly share cells, both at once saves the buffer between.
enum class SumOrder : std::uint8_t { kBoth, kRowsFirst, kColumnsFirst };

/// A region whose taps are in a TapTable.
struct TappedRegion {
  AxisTaps x;
  AxisTaps y;
  std::byte* pooled;  ///< [bins, bins, channels]
};

/// What sums are rounded to when they are written.
struct PooledElement {
  DType dtype = DType::kF32;    ///< f32, bf16, or u8 or s8, whose step the taps' weights are divided by
  float least = 0, most = 255;  ///< In 8 bits
};

/// The order with the fewest loads and stores for this region. Thread safety: reentrant.
SumOrder cheapest_order(const TappedRegion& region, int bins);

/// Sums taps for every region, bin and channel, with the widest registers this CPU has.
/// Channels in the outer loop, as many at a time as there are registers for: 256 of AVX-512 where a cell's
/// lie together; 128 where they lie in blocks, whose planes share the sets of the first-level cache.
/// Thread safety: reentrant; parts of the regions may run in parallel. Allocates a line of sums.
void pool_regions(const ChannelRuns& runs, const TapTable& table, std::span<const TappedRegion> regions,
                  int bins, const PooledElement& element);

}  // namespace rcnn::engine
