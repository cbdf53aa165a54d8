// SPDX-License-Identifier: MIT
#include "tests/support/slow_operators.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace rcnn::tests {
namespace {

std::size_t at(int a) { return static_cast<std::size_t>(a); }

/// Calls visit(ky, kx, index of the source value) for the cells of one window that lie inside the map.
template <typename Visit>
void each_cell(const WindowCase& c, int channel, int y, int x, const Visit& visit) {
  for (int ky = 0; ky < c.kernel; ++ky) {
    for (int kx = 0; kx < c.kernel; ++kx) {
      const int row = y * c.stride - c.padding + ky, column = x * c.stride - c.padding + kx;
      if (row < 0 || row >= c.height || column < 0 || column >= c.width) continue;
      visit(ky, kx, at((channel * c.height + row) * c.width + column));
    }
  }
}

}  // namespace

std::vector<float> slow_conv2d(const WindowCase& c, std::span<const float> source,
                               std::span<const float> weight, std::span<const float> bias) {
  const int depth = c.channels / c.groups, per_group = c.out_channels / c.groups;
  std::vector<float> result;
  for (int o = 0; o < c.out_channels; ++o) {
    for (int y = 0; y < windowed_extent(c.height, c); ++y) {
      for (int x = 0; x < windowed_extent(c.width, c); ++x) {
        double sum = bias.empty() ? 0.0 : static_cast<double>(bias[at(o)]);
        for (int i = 0; i < depth; ++i) {
          each_cell(c, o / per_group * depth + i, y, x, [&](int ky, int kx, std::size_t index) {
            sum += static_cast<double>(weight[at(((o * depth + i) * c.kernel + ky) * c.kernel + kx)]) *
                   source[index];
          });
        }
        result.push_back(static_cast<float>(sum));
      }
    }
  }
  return result;
}

std::vector<float> slow_max_pool2d(const WindowCase& c, std::span<const float> source) {
  std::vector<float> result;
  for (int channel = 0; channel < c.channels; ++channel) {
    for (int y = 0; y < windowed_extent(c.height, c); ++y) {
      for (int x = 0; x < windowed_extent(c.width, c); ++x) {
        float most = -std::numeric_limits<float>::infinity();
        each_cell(c, channel, y, x,
                  [&](int, int, std::size_t index) { most = std::max(most, source[index]); });
        result.push_back(most);
      }
    }
  }
  return result;
}

std::vector<float> slow_upsample_add(int channels, int height, int width, std::span<const float> fine,
                                     std::span<const float> coarse) {
  std::vector<float> result;
  for (int c = 0; c < channels; ++c) {
    for (int y = 0; y < 2 * height; ++y) {
      for (int x = 0; x < 2 * width; ++x) {
        result.push_back(fine[result.size()] + coarse[at((c * height + y / 2) * width + x / 2)]);
      }
    }
  }
  return result;
}

std::vector<float> slow_linear(const LinearCase& c, std::span<const float> source,
                               std::span<const float> weight, std::span<const float> bias) {
  std::vector<float> result;
  for (int r = 0; r < c.rows; ++r) {
    for (int o = 0; o < c.out; ++o) {
      double sum = bias.empty() ? 0.0 : static_cast<double>(bias[at(o)]);
      for (int i = 0; i < c.in; ++i)
        sum += static_cast<double>(source[at(r * c.in + i)]) * weight[at(o * c.in + i)];
      result.push_back(static_cast<float>(sum));
    }
  }
  return result;
}

std::vector<float> slow_conv_transpose2d(const WindowCase& c, std::span<const float> source,
                                         std::span<const float> weight, std::span<const float> bias) {
  const int rows = (c.height - 1) * c.stride - 2 * c.padding + c.kernel;
  const int columns = (c.width - 1) * c.stride - 2 * c.padding + c.kernel;
  std::vector<double> sums;
  for (int o = 0; o < c.out_channels; ++o) sums.insert(sums.end(), at(rows * columns), static_cast<double>(bias[at(o)]));
  // As it is defined: every source cell adds its window to the result.
  for (int i = 0; i < c.channels; ++i) {
    for (int cell = 0; cell < c.height * c.width; ++cell) {
      const double value = source[at(i * c.height * c.width + cell)];
      for (int o = 0; o < c.out_channels; ++o) {
        for (int tap = 0; tap < c.kernel * c.kernel; ++tap) {
          const int y = cell / c.width * c.stride - c.padding + tap / c.kernel;
          const int x = cell % c.width * c.stride - c.padding + tap % c.kernel;
          if (y < 0 || x < 0 || y >= rows || x >= columns) continue;
          sums[at((o * rows + y) * columns + x)] +=
              value * static_cast<double>(weight[at((i * c.out_channels + o) * c.kernel * c.kernel + tap)]);
        }
      }
    }
  }
  return {sums.begin(), sums.end()};
}

std::vector<float> slow_upsample_bilinear(int channels, int height, int width, std::span<const float> source) {
  std::vector<float> result;
  for (int c = 0; c < channels; ++c) {
    for (int y = 0; y < 2 * height; ++y) {
      for (int x = 0; x < 2 * width; ++x) {
        const double from_y = std::max((y + 0.5) / 2 - 0.5, 0.), from_x = std::max((x + 0.5) / 2 - 0.5, 0.);
        const int top = static_cast<int>(from_y), left = static_cast<int>(from_x);
        const int bottom = std::min(top + 1, height - 1), right = std::min(left + 1, width - 1);
        const auto value = [&](int row, int column) {
          return static_cast<double>(source[at((c * height + row) * width + column)]);
        };
        const double low = (1 - (from_x - left)) * value(top, left) + (from_x - left) * value(top, right);
        const double high = (1 - (from_x - left)) * value(bottom, left) + (from_x - left) * value(bottom, right);
        result.push_back(static_cast<float>((1 - (from_y - top)) * low + (from_y - top) * high));
      }
    }
  }
  return result;
}

std::vector<float> slow_depth_to_space(int channels, int height, int width, int scale,
                                       std::span<const float> source) {
  std::vector<float> result;
  for (int c = 0; c < channels; ++c) {
    for (int y = 0; y < height * scale; ++y) {
      for (int x = 0; x < width * scale; ++x) {
        const int place = y % scale * scale + x % scale;
        result.push_back(source[at(((place * channels + c) * height + y / scale) * width + x / scale)]);
      }
    }
  }
  return result;
}

std::vector<float> slow_mask_predictor(int channels, std::size_t label, std::span<const float> source,
                                       std::span<const float> weight, std::span<const float> bias) {
  const auto cells = source.size() / at(channels);
  std::vector<float> result;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    double sum = static_cast<double>(bias[label]);
    for (std::size_t c = 0; c < at(channels); ++c) {
      sum += static_cast<double>(source[c * cells + cell]) * weight[label * at(channels) + c];
    }
    result.push_back(static_cast<float>(1 / (1 + std::exp(-sum))));
  }
  return result;
}

std::vector<float> slow_relu(std::vector<float> values) {
  for (auto& value : values) value = std::max(value, 0.f);
  return values;
}

std::vector<float> slow_activation(engine::Activation activation, std::vector<float> values) {
  if (activation == engine::Activation::kNone) return values;
  if (activation == engine::Activation::kRelu) return slow_relu(std::move(values));
  for (auto& value : values) {
    const double x = value, sigmoid = 1 / (1 + std::exp(-x));
    value = static_cast<float>(activation == engine::Activation::kSilu ? x * sigmoid : sigmoid);
  }
  return values;
}

}  // namespace rcnn::tests
