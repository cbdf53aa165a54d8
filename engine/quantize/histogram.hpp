// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rcnn::engine {

/// How large the elements of a value are, over all that were added. A bin's width is a power of two, as small
/// as the largest element allows, so that the counts do not depend on the order of adding.
///
/// Thread safety: reentrant.
class Histogram {
 public:
  static constexpr std::size_t kBins = 2048;

  void add(std::span<const float> values);
  void add(const Histogram& other);

  /// Counts by magnitude: bin i holds those from i to i + 1 widths, zero left out.
  const std::array<std::uint64_t, kBins>& bins() const { return bins_; }
  double width() const { return width_; }
  std::uint64_t zeros() const { return zeros_; }
  std::uint64_t not_finite() const { return not_finite_; }  ///< Not counted elsewhere
  bool has_negative() const { return negative_; }
  double largest() const { return largest_; }  ///< Magnitude
  double sum_of_squares() const { return squares_; }
  bool empty() const { return largest_ == 0; }

 private:
  void widen(double largest);

  std::array<std::uint64_t, kBins> bins_{};
  double width_ = 0;  ///< 0: nothing but zeros so far
  double largest_ = 0;
  double squares_ = 0;
  std::uint64_t zeros_ = 0;
  std::uint64_t not_finite_ = 0;
  bool negative_ = false;
};

}  // namespace rcnn::engine
