// SPDX-License-Identifier: MIT
#include "engine/quantize/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rcnn::engine {
namespace {

/// The least power of two of which kBins reach beyond `largest`.
double width_for(double largest) {
  int exponent = 0;
  std::frexp(largest, &exponent);  // largest < 2^exponent
  return std::ldexp(1.0, exponent) / Histogram::kBins;
}

}  // namespace

void Histogram::widen(double largest) {
  if (largest <= 0) return;
  largest_ = std::max(largest_, largest);
  const double width = width_for(largest_);
  if (width_ == 0) width_ = width;
  for (; width_ < width; width_ *= 2) {
    for (std::size_t i = 0; i < kBins / 2; ++i) bins_[i] = bins_[2 * i] + bins_[2 * i + 1];
    std::fill(bins_.begin() + kBins / 2, bins_.end(), 0);
  }
}

void Histogram::add(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) {
    const float magnitude = std::abs(value);
    if (magnitude <= std::numeric_limits<float>::max()) largest = std::max(largest, magnitude);
  }
  widen(largest);
  const double scale = width_ > 0 ? 1 / width_ : 0;
  double squares = 0;
  for (const float value : values) {
    if (value == 0) {
      ++zeros_;
    } else if (!std::isfinite(value)) {
      ++not_finite_;
    } else {
      negative_ = negative_ || value < 0;
      squares += static_cast<double>(value) * value;
      ++bins_[static_cast<std::size_t>(std::abs(value) * scale)];
    }
  }
  squares_ += squares;
}

void Histogram::add(const Histogram& other) {
  widen(other.largest_);
  if (other.width_ > 0) {
    // Of theirs in one of ours: all of them, where one of ours is wider than all of theirs, however much.
    const auto merged = static_cast<std::size_t>(std::min<double>(width_ / other.width_, kBins));
    for (std::size_t i = 0; i < kBins; ++i) bins_[i / merged] += other.bins_[i];
  }
  zeros_ += other.zeros_;
  not_finite_ += other.not_finite_;
  negative_ = negative_ || other.negative_;
  squares_ += other.squares_;
}

}  // namespace rcnn::engine
