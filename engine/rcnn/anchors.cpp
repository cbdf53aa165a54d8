// SPDX-License-Identifier: MIT
#include "engine/rcnn/anchors.hpp"

#include <cmath>

#include "engine/errors.hpp"

namespace rcnn::engine {

std::vector<Box> cell_anchors(std::span<const float> sizes, std::span<const float> aspect_ratios) {
  std::vector<Box> cells;
  cells.reserve(sizes.size() * aspect_ratios.size());
  for (const double size : sizes) {
    for (const double ratio : aspect_ratios) {
      // In double and rounded once, as Detectron2's Python does: the last bit of an anchor is learned
      // against.
      const double width = std::sqrt(size * size / ratio);
      const double height = ratio * width;
      cells.push_back({static_cast<float>(-width / 2), static_cast<float>(-height / 2),
                       static_cast<float>(width / 2), static_cast<float>(height / 2)});
    }
  }
  return cells;
}

std::vector<Box> grid_anchors(std::span<const Box> cells, int height, int width, int stride, float offset) {
  if (height < 0 || width < 0 || stride <= 0) {
    throw ShapeError("anchors for a map of " + std::to_string(width) + "x" + std::to_string(height) +
                     " cells with stride " + std::to_string(stride) +
                     "; sides must not be negative and the stride must be positive");
  }
  std::vector<Box> anchors;
  anchors.reserve(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * cells.size());
  const auto shift = [&](int cell) { return static_cast<float>((double{offset} + cell) * stride); };
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const auto& cell : cells) {
        anchors.push_back({shift(x) + cell.x0, shift(y) + cell.y0, shift(x) + cell.x1, shift(y) + cell.y1});
      }
    }
  }
  return anchors;
}

}  // namespace rcnn::engine
