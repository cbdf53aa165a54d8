// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rcnn::engine {

/// One cell that a bin reads along one axis, with all of the bin's bilinear samples that touch it merged into
/// one weight.
struct Tap {
  std::uint32_t cell;
  float weight;
};

/// One side of a region on the grid of a feature level, as torchvision's roi_align computes it in f32.
struct RegionAxis {
  float start;     ///< Cells; the half-cell offset is taken off already
  float bin_size;  ///< Cells
  double samples;  ///< Per bin
  int cells;       ///< Extent of the map
};

/// Whether bins can be laid over this axis at all: a region without samples (no side, or a NaN) pools to
/// zeros, and so does one with a NaN, or that reaches farther from the map than f32 can place samples.
/// Thread safety: reentrant.
bool has_samples(const RegionAxis& axis, int bins);

/// Where the taps of one axis of one region are, and what it costs to read them.
struct AxisTaps {
  std::size_t first_bin;  ///< In the table
  std::size_t count;      ///< Taps of all bins
  std::uint32_t begin;    ///< Cells [begin, end) hold all of them
  std::uint32_t end;
  std::size_t cells() const { return end - begin; }
};

/// The taps of many regions, bin after bin. A bilinear sample weighs (row weight) x (column weight) and is
/// left out when either axis is outside, so a bin's average over all of its samples is one sum over row taps
/// x column taps.
///
/// Thread safety: reentrant.
class TapTable {
 public:
  /// Appends the bins of one axis. Weights are multiplied by `scale`.
  AxisTaps add(const RegionAxis& axis, int bins, float scale);
  std::span<const Tap> bin(const AxisTaps& axis, int bin) const {
    const auto at = axis.first_bin + static_cast<std::size_t>(bin);
    return std::span<const Tap>(taps_).subspan(starts_[at], starts_[at + 1] - starts_[at]);
  }
  void clear();

 private:
  std::vector<Tap> taps_;
  std::vector<std::size_t> starts_;  ///< First tap of each bin; one past the last one ends each axis
};

}  // namespace rcnn::engine
