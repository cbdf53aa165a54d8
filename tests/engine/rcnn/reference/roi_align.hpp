// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "engine/rcnn/box.hpp"
#include "engine/rcnn/roi_align.hpp"
#include "engine/tensor/tensor.hpp"
#include "tests/support/elements.hpp"

namespace rcnn::tests {

/// A feature map as the definition sees it: [C, H, W].
struct PlainMap {
  int channels;
  int height;
  int width;
  std::vector<float> values;

  double at(int c, int y, int x) const {
    return values[(static_cast<std::size_t>(c) * static_cast<std::size_t>(height) +
                   static_cast<std::size_t>(y)) *
                      static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)];
  }
};

inline PlainMap random_map(int channels, int height, int width, unsigned seed) {
  PlainMap map{channels, height, width,
               std::vector<float>(static_cast<std::size_t>(channels * height * width))};
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (auto& value : map.values) value = normal(random);
  return map;
}

/// Zero more than a cell outside the map, the border's value within that cell, else bilinear.
inline double bilinear(const PlainMap& map, int c, float y, float x) {
  if (y < -1 || y > static_cast<float>(map.height) || x < -1 || x > static_cast<float>(map.width)) return 0;
  y = std::clamp(y, 0.F, static_cast<float>(map.height - 1));
  x = std::clamp(x, 0.F, static_cast<float>(map.width - 1));
  const int top = static_cast<int>(y);
  const int left = static_cast<int>(x);
  const int bottom = std::min(top + 1, map.height - 1);
  const int right = std::min(left + 1, map.width - 1);
  const double down = static_cast<double>(y) - top;
  const double across = static_cast<double>(x) - left;
  return (1 - down) * ((1 - across) * map.at(c, top, left) + across * map.at(c, top, right)) +
         down * ((1 - across) * map.at(c, bottom, left) + across * map.at(c, bottom, right));
}

/// The definition: the average of every bin's samples. Positions are f32, as they decide what is outside.
/// \returns [S, S, C]
inline std::vector<float> slow_roi_align(const PlainMap& map, const engine::Box& box, int stride,
                                         const engine::RoiPoolerParams& params) {
  const float scale = 1.F / static_cast<float>(stride);
  const float offset = params.aligned ? 0.5F : 0.F;
  const int bins = params.output_size;
  const auto side = [&](float low, float high) {
    const float length = high * scale - offset - (low * scale - offset);
    return params.aligned ? length : std::max(length, 1.F);
  };
  const float bin_height = side(box.y0, box.y1) / static_cast<float>(bins);
  const float bin_width = side(box.x0, box.x1) / static_cast<float>(bins);
  const int rows =
      params.sampling_ratio > 0 ? params.sampling_ratio : static_cast<int>(std::ceil(bin_height));
  const int columns =
      params.sampling_ratio > 0 ? params.sampling_ratio : static_cast<int>(std::ceil(bin_width));
  const auto position = [&](float low, int bin, float bin_side, int sample, int samples) {
    return low * scale - offset + static_cast<float>(bin) * bin_side +
           (static_cast<float>(sample) + 0.5F) * bin_side / static_cast<float>(samples);
  };
  std::vector<float> pooled;
  for (int by = 0; by < bins; ++by) {
    for (int bx = 0; bx < bins; ++bx) {
      for (int c = 0; c < map.channels; ++c) {
        double sum = 0;
        for (int sy = 0; sy < rows; ++sy) {
          for (int sx = 0; sx < columns; ++sx) {
            sum += bilinear(map, c, position(box.y0, by, bin_height, sy, rows),
                            position(box.x0, bx, bin_width, sx, columns));
          }
        }
        pooled.push_back(static_cast<float>(sum / std::max(1., static_cast<double>(rows) * columns)));
      }
    }
  }
  return pooled;
}

/// The same values in a layout that a convolution might write; in narrow types what these hold of them.
inline engine::Tensor to_layout(const PlainMap& map, engine::Layout layout,
                                engine::DType dtype = engine::DType::kF32, float step = 1) {
  engine::Tensor tensor({"feature", {1, map.channels, map.height, map.width}, dtype, layout, step});
  std::memset(tensor.data(), 0, tensor.spec().bytes());
  const auto cells = static_cast<std::size_t>(map.height * map.width);
  const auto channels = static_cast<std::size_t>(map.channels);
  const auto block =
      layout == engine::Layout::kNhwc ? channels : static_cast<std::size_t>(engine::channel_block(layout));
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < cells; ++i) {
      set_element(tensor, (c / block * cells + i) * block + c % block, map.values[c * cells + i]);
    }
  }
  return tensor;
}

}  // namespace rcnn::tests
