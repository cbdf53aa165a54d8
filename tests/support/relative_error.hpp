// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <span>

namespace rcnn::tests {

/// Mean absolute error over the reference's standard deviation.
inline double relative_error(std::span<const float> ours, std::span<const float> reference) {
  double error = 0, sum = 0, squares = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    error += std::abs(static_cast<double>(ours[i]) - reference[i]);
    sum += reference[i];
    squares += static_cast<double>(reference[i]) * reference[i];
  }
  const auto count = static_cast<double>(reference.size());
  return error / count / std::sqrt(squares / count - (sum / count) * (sum / count));
}

}  // namespace rcnn::tests
