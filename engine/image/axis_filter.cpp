// SPDX-License-Identifier: MIT
#include "engine/image/axis_filter.hpp"

#include <algorithm>
#include <cmath>

namespace rcnn::engine {

AxisFilter::AxisFilter(int source, int target) {
  const double scale = static_cast<double>(source) / target;
  const double support = std::max(scale, 1.);
  const double shrink = 1 / support;
  std::vector<double> weights;
  starts_.push_back(0);
  for (int i = 0; i < target; ++i) {
    const double center = (i + 0.5) * scale;
    // Truncated towards zero as C casts do: Pillow's edges depend on it.
    int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int end = std::min(static_cast<int>(center + support + 0.5), source);
    weights.clear();
    double sum = 0;
    for (int cell = first; cell < end; ++cell) {
      weights.push_back(std::max(0., 1 - std::abs((cell - center + 0.5) * shrink)));
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
      coefficients_.push_back(static_cast<std::int32_t>(0.5 + *weight * (1 << kFilterBits)));
    }
    starts_.push_back(coefficients_.size());
    longest_ = std::max(longest_, starts_.back() - starts_[starts_.size() - 2]);
  }
}

}  // namespace rcnn::engine
