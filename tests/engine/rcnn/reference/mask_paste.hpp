// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "engine/rcnn/box.hpp"

namespace rcnn::tests {

/// The slow twin: a sample for each pixel of the frame, as Detectron2 and grid_sample define it.
/// \returns width * height values, row by row.
inline std::vector<bool> slow_paste(std::span<const float> probabilities, int side, const engine::Box& box,
                                    int width, int height) {
  const auto value = [&](float y, float x) {
    const bool within = y >= 0 && x >= 0 && y < static_cast<float>(side) && x < static_cast<float>(side);
    return within ? probabilities[static_cast<std::size_t>(y) * static_cast<std::size_t>(side) +
                                  static_cast<std::size_t>(x)]
                  : 0.F;
  };
  const auto position = [&](int pixel, float low, float high) {
    const float normal = (static_cast<float>(pixel) + 0.5F - low) / (high - low) * 2.F - 1.F;
    return (normal + 1.F) * (static_cast<float>(side) / 2.F) - 0.5F;
  };
  std::vector<bool> inside;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool near =
          static_cast<float>(x) >= std::floor(box.x0) - 1 && static_cast<float>(x) < std::ceil(box.x1) + 1 &&
          static_cast<float>(y) >= std::floor(box.y0) - 1 && static_cast<float>(y) < std::ceil(box.y1) + 1;
      const float ix = position(x, box.x0, box.x1), iy = position(y, box.y0, box.y1);
      const float left = std::floor(ix), top = std::floor(iy);
      const float e = 1.F - (ix - left), w = ix - left, s = 1.F - (iy - top), n = iy - top;
      const float sample = value(top, left) * (s * e) + value(top, left + 1) * (s * w) +
                           value(top + 1, left) * (n * e) + value(top + 1, left + 1) * (n * w);
      inside.push_back(near && sample >= 0.5F);
    }
  }
  return inside;
}

/// A mask as width * height values, row by row.
inline std::vector<bool> unpacked(const engine::Mask& mask) {
  std::vector<bool> inside(static_cast<std::size_t>(mask.width) * static_cast<std::size_t>(mask.height));
  engine::each_span(mask, [&](int x, int begin, int end) {
    for (int y = begin; y < end; ++y) {
      inside.at(static_cast<std::size_t>(y) * static_cast<std::size_t>(mask.width) +
                static_cast<std::size_t>(x)) = true;
    }
  });
  return inside;
}

}  // namespace rcnn::tests
