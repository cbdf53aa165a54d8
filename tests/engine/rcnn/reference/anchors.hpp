// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace rcnn::tests {

/// The grid of one level as its definition reads.
struct SlowGrid {
  std::span<const float> sizes;
  std::span<const float> ratios;
  int height;
  int width;
  int stride;
  float offset;

  std::size_t count() const {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * sizes.size() * ratios.size();
  }
};

/// The slow twin, in double: the anchor at place `index` of [H, W, sizes, ratios], from that place alone. A
/// side of sqrt(area) is stretched so that height / width is the ratio and the area stays.
inline std::array<double, 4> slow_anchor(const SlowGrid& grid, std::size_t index) {
  const double ratio = grid.ratios[index % grid.ratios.size()];
  const double size = grid.sizes[index / grid.ratios.size() % grid.sizes.size()];
  const auto cell = index / (grid.ratios.size() * grid.sizes.size());
  const auto columns = static_cast<std::size_t>(grid.width);
  const double center_x =
      (static_cast<double>(cell % columns) + static_cast<double>(grid.offset)) * grid.stride;
  const double center_y =
      (static_cast<double>(cell / columns) + static_cast<double>(grid.offset)) * grid.stride;
  const double half_width = size / std::sqrt(ratio) / 2, half_height = size * std::sqrt(ratio) / 2;
  return {center_x - half_width, center_y - half_height, center_x + half_width, center_y + half_height};
}

}  // namespace rcnn::tests
