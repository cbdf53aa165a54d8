// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/image/interpolation.hpp"

namespace rcnn::engine {

/// Fraction bits of a coefficient: 32 less 8 of a pixel and 2 of head room.
inline constexpr int kFilterBits = 22;

/// What one axis of a resize reads: target cell i sums source cells
/// [first(i), first(i) + coefficients(i).size()) times their coefficients, whose sum is about 2^22.
///
/// Source: Pillow's Resample.c: the filter's unit is a source cell, or a target cell when shrinking.
/// Thread safety: const methods are thread-safe.
class AxisFilter {
 public:
  /// \param source, target  cells of the axis, 1 or more
  AxisFilter(int source, int target, Interpolation interpolation = Interpolation::kBilinear);
  /// Of the target's cells only [begin, end), which count from 0 here: no more is calculated or held.
  AxisFilter(int source, int target, Interpolation interpolation, int begin, int end);

  int first(int target) const { return first_[static_cast<std::size_t>(target)]; }
  std::span<const std::int32_t> coefficients(int target) const {
    const auto at = static_cast<std::size_t>(target);
    return std::span<const std::int32_t>(coefficients_).subspan(starts_[at], starts_[at + 1] - starts_[at]);
  }
  int end(int target) const { return first(target) + static_cast<int>(coefficients(target).size()); }
  int target_size() const { return static_cast<int>(first_.size()); }
  /// Most source cells that any target cell reads.
  std::size_t longest() const { return longest_; }

 private:
  std::vector<int> first_;
  std::vector<std::size_t> starts_;
  std::vector<std::int32_t> coefficients_;
  std::size_t longest_ = 0;
};

}  // namespace rcnn::engine
