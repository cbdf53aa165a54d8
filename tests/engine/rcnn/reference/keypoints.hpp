// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "engine/rcnn/box.hpp"

namespace rcnn::tests {

/// The slow twin: every pixel of the resized map from its sixteen cells, in double, then Detectron2's rule.
inline engine::Keypoint slow_keypoint(std::span<const float> map, int side, const engine::Box& box) {
  const auto cubic = [](double x) {
    constexpr double kA = -0.75;
    x = std::abs(x);
    if (x <= 1) return ((kA + 2) * x - (kA + 3)) * x * x + 1;
    return x < 2 ? ((kA * x - 5 * kA) * x + 8 * kA) * x - 4 * kA : 0;
  };
  const double width = std::max(box.width(), 1.F), height = std::max(box.height(), 1.F);
  const int columns = static_cast<int>(std::ceil(width)), lines = static_cast<int>(std::ceil(height));
  double most = -INFINITY;
  int best_x = 0, best_y = 0;
  for (int y = 0; y < lines; ++y) {
    for (int x = 0; x < columns; ++x) {
      const double from_x = (x + 0.5) * side / columns - 0.5, from_y = (y + 0.5) * side / lines - 0.5;
      double sum = 0;
      for (int j = -1; j <= 2; ++j) {
        for (int i = -1; i <= 2; ++i) {
          const double cell_x = std::floor(from_x) + i, cell_y = std::floor(from_y) + j;
          const auto row = static_cast<std::size_t>(std::clamp(cell_y, 0., side - 1.));
          const auto column = static_cast<std::size_t>(std::clamp(cell_x, 0., side - 1.));
          sum += cubic(from_x - cell_x) * cubic(from_y - cell_y) *
                 static_cast<double>(map[row * static_cast<std::size_t>(side) + column]);
        }
      }
      if (sum > most) {
        most = sum;
        best_x = x;
        best_y = y;
      }
    }
  }
  double total = 0;
  for (const float value : map) total += std::exp(static_cast<double>(value) - most);
  return {static_cast<float>((best_x + 0.5) * width / columns + static_cast<double>(box.x0)),
          static_cast<float>((best_y + 0.5) * height / lines + static_cast<double>(box.y0)),
          static_cast<float>(1 / total)};
}

}  // namespace rcnn::tests
