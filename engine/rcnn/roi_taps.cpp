// SPDX-License-Identifier: MIT
#include "engine/rcnn/roi_taps.hpp"

#include <algorithm>
#include <cmath>

namespace rcnn::engine {
namespace {

// 2^20 cells: there f32 still places a sample within an eighth of a cell. No map is that large.
constexpr float kFarthest = 1048576.F;

struct SampleRange {
  std::int64_t begin;
  std::int64_t end;
};

/// Samples of one bin that may lie within a cell of the map; the rest read as zero. Without it a region that
/// reaches far beyond the map would cost in proportion to its size.
SampleRange samples_near_map(const RegionAxis& axis, float bin_start) {
  constexpr double kFew = 32;
  constexpr double kStandstill = 1e-3;  // Cells a sample; only a fixed sampling ratio has it
  const double step = static_cast<double>(axis.bin_size) / axis.samples;
  const auto samples = static_cast<std::int64_t>(axis.samples);
  if (axis.samples <= kFew || std::abs(step) < kStandstill) return {0, samples};
  const auto index = [&](double position) {
    return static_cast<std::int64_t>(std::clamp((position - bin_start) / step, 0., axis.samples));
  };
  const auto [first, last] = std::minmax({index(-1), index(axis.cells)});  // A step may be negative
  const auto slack =
      static_cast<std::int64_t>(2 + 1 / std::abs(step));  // Rounding of f32 positions, see kFarthest
  return {std::max<std::int64_t>(0, first - slack), std::min(samples, last + slack)};
}

/// Adds to the taps begin..end of a bin. \returns their new end
Tap* push(std::uint32_t cell, float weight, Tap* begin, Tap* end) {
  // Samples advance by at most a few cells, so a cell seen before in this bin is one of the last two.
  for (auto* tap = end; tap > begin && tap > end - 2;) {
    --tap;
    if (tap->cell == cell) {
      tap->weight += weight;
      return end;
    }
  }
  *end = {cell, weight};
  return end + 1;
}

Tap* add_sample(float position, int cells, float weight, Tap* begin, Tap* end) {
  if (!(position >= -1.F && position <= static_cast<float>(cells))) return end;
  position = std::max(position, 0.F);
  const auto low = std::min(static_cast<int>(position), cells - 1);
  const float fraction = low == cells - 1 ? 0.F : position - static_cast<float>(low);
  end = push(static_cast<std::uint32_t>(low), weight * (1.F - fraction), begin, end);
  if (fraction > 0) end = push(static_cast<std::uint32_t>(low) + 1, weight * fraction, begin, end);
  return end;
}

}  // namespace

bool has_samples(const RegionAxis& axis, int bins) {
  const float end = axis.start + axis.bin_size * static_cast<float>(bins);
  return axis.samples > 0 && std::abs(axis.start) < kFarthest && std::abs(end) < kFarthest;
}

AxisTaps TapTable::add(const RegionAxis& axis, int bins, float scale) {
  const auto first_bin = starts_.size();
  const auto first_tap = taps_.size();
  for (int bin = 0; bin < bins; ++bin) {
    starts_.push_back(taps_.size());
    const float bin_start = axis.start + static_cast<float>(bin) * axis.bin_size;
    const auto range = samples_near_map(axis, bin_start);
    // Room for what samples that share no cell would take.
    taps_.resize(taps_.size() + 2 * static_cast<std::size_t>(range.end - range.begin));
    auto* end = taps_.data() + starts_.back();
    for (auto sample = range.begin; sample < range.end; ++sample) {
      const float offset =
          (static_cast<float>(sample) + 0.5F) * axis.bin_size / static_cast<float>(axis.samples);
      end = add_sample(bin_start + offset, axis.cells, scale, taps_.data() + starts_.back(), end);
    }
    taps_.resize(static_cast<std::size_t>(end - taps_.data()));
  }
  starts_.push_back(taps_.size());
  AxisTaps added{first_bin, taps_.size() - first_tap, static_cast<std::uint32_t>(axis.cells), 0};
  for (const auto& tap : std::span<const Tap>(taps_).subspan(first_tap)) {
    added.begin = std::min(added.begin, tap.cell);
    added.end = std::max(added.end, tap.cell + 1);
  }
  added.begin = std::min(added.begin, added.end);  // Nothing of it on the map
  return added;
}

void TapTable::clear() {
  taps_.clear();
  starts_.clear();
}

}  // namespace rcnn::engine
