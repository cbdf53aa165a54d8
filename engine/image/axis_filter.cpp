// SPDX-License-Identifier: MIT
#include "engine/image/axis_filter.hpp"

#include <algorithm>
#include <cmath>

namespace rcnn::engine {
namespace {

/// The curve that weights follow; zero from `support` on.
struct Curve {
  double support;
  double (*at)(double distance);
};

double triangle(double distance) { return std::max(0., 1 - distance); }

/// Keys, "Cubic convolution interpolation for digital image processing" (1981), with a = -1/2.
double cubic(double distance) {
  if (distance < 1) return (1.5 * distance - 2.5) * distance * distance + 1;
  if (distance < 2) return -0.5 * (((distance - 5) * distance + 8) * distance - 4);
  return 0;
}

Curve curve_of(Interpolation interpolation) {
  return interpolation == Interpolation::kBicubic ? Curve{2, cubic} : Curve{1, triangle};
}

/// Rounded to the nearest, halves away from zero.
std::int32_t fixed_point(double weight) {
  return static_cast<std::int32_t>(std::copysign(0.5, weight) + weight * (1 << kFilterBits));
}

}  // namespace

AxisFilter::AxisFilter(int source, int target, Interpolation interpolation)
    : AxisFilter(source, target, interpolation, 0, target) {}

AxisFilter::AxisFilter(int source, int target, Interpolation interpolation, int begin, int end) {
  const auto curve = curve_of(interpolation);
  const double scale = static_cast<double>(source) / target;
  const double unit = std::max(scale, 1.);
  const double support = curve.support * unit;
  const double shrink = 1 / unit;
  std::vector<double> weights;
  starts_.push_back(0);
  for (int i = begin; i < end; ++i) {
    const double center = (i + 0.5) * scale;
    // Truncated towards zero as C casts do: Pillow's edges depend on it.
    int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int beyond = std::min(static_cast<int>(center + support + 0.5), source);
    weights.clear();
    double sum = 0;
    for (int cell = first; cell < beyond; ++cell) {
      weights.push_back(curve.at(std::abs((cell - center + 0.5) * shrink)));
      sum += weights.back();
    }
    for (auto& weight : weights) weight /= sum;
    // Outer cells of weight zero are not worth reading; equal sizes become one coefficient of 2^22.
    while (weights.size() > 1 && weights.back() == 0) weights.pop_back();
    const auto skipped =
        std::find_if(weights.begin(), weights.end() - 1, [](double weight) { return weight != 0; });
    first += static_cast<int>(skipped - weights.begin());
    first_.push_back(first);
    for (auto weight = skipped; weight != weights.end(); ++weight) {
      coefficients_.push_back(fixed_point(*weight));
    }
    starts_.push_back(coefficients_.size());
    longest_ = std::max(longest_, starts_.back() - starts_[starts_.size() - 2]);
  }
}

}  // namespace rcnn::engine
