// SPDX-License-Identifier: MIT
#include "engine/rcnn/keypoints.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

constexpr std::size_t kTaps = 4;

/// Cells that a resized pixel takes, and their weights.
struct CubicTaps {
  std::array<std::size_t, kTaps> cells;
  std::array<float, kTaps> weights;
};

/// Keys' cubic with a = -0.75, at distances 1 + t, t, 1 - t and 2 - t.
std::array<float, kTaps> cubic_weights(float t) {
  constexpr float kA = -0.75F;
  const auto near = [](float x) { return ((kA + 2) * x - (kA + 3)) * x * x + 1; };
  const auto far = [](float x) { return ((kA * x - 5 * kA) * x + 8 * kA) * x - 4 * kA; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

std::vector<CubicTaps> axis_taps(int side, int pixels) {
  const float scale = static_cast<float>(side) / static_cast<float>(pixels);
  std::vector<CubicTaps> axis;
  for (int pixel = 0; pixel < pixels; ++pixel) {
    const float position = scale * (static_cast<float>(pixel) + 0.5F) - 0.5F;
    const float cell = std::floor(position);
    CubicTaps taps{{}, cubic_weights(position - cell)};
    for (std::size_t i = 0; i < kTaps; ++i) {
      const int index = static_cast<int>(cell) - 1 + static_cast<int>(i);
      taps.cells[i] = static_cast<std::size_t>(std::clamp(index, 0, side - 1));
    }
    axis.push_back(taps);
  }
  return axis;
}

/// Rows of the map, resized across.
std::vector<float> resized_rows(std::span<const float> map, std::size_t side, std::span<const CubicTaps> x) {
  std::vector<float> rows;
  rows.reserve(side * x.size());
  for (std::size_t y = 0; y < side; ++y) {
    const auto row = map.subspan(y * side, side);
    for (const auto& taps : x) {
      float sum = 0;
      for (std::size_t i = 0; i < kTaps; ++i) sum += row[taps.cells[i]] * taps.weights[i];
      rows.push_back(sum);
    }
  }
  return rows;
}

struct Peak {
  float value;
  std::size_t x;
  std::size_t y;
};

/// The first of the largest values, row by row; each row is resized down just to be looked at.
Peak find_peak(std::span<const float> rows, std::size_t width, std::span<const CubicTaps> y) {
  Peak peak{-std::numeric_limits<float>::infinity(), 0, 0};
  std::vector<float> line(width);
  for (std::size_t pixel = 0; pixel < y.size(); ++pixel) {
    const auto& [cells, weights] = y[pixel];
    const float* const a = rows.data() + cells[0] * width;
    const float* const b = rows.data() + cells[1] * width;
    const float* const c = rows.data() + cells[2] * width;
    const float* const d = rows.data() + cells[3] * width;
    for (std::size_t x = 0; x < width; ++x) {
      line[x] = a[x] * weights[0] + b[x] * weights[1] + c[x] * weights[2] + d[x] * weights[3];
    }
    const auto most = std::max_element(line.begin(), line.end());
    if (*most > peak.value) peak = {*most, static_cast<std::size_t>(most - line.begin()), pixel};
  }
  return peak;
}

}  // namespace

std::vector<Keypoint> find_keypoints(std::span<const float> heatmaps, int count, int side, const Box& box) {
  const auto cells = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  if (count < 0 || side < 1 || heatmaps.size() != static_cast<std::size_t>(count) * cells) {
    throw ShapeError(std::to_string(count) + " keypoints of " + std::to_string(side) + "x" +
                     std::to_string(side) + " cells were given " + std::to_string(heatmaps.size()) +
                     " values");
  }
  const float width = std::max(box.width(), 1.F), height = std::max(box.height(), 1.F);
  const float columns = std::ceil(width), lines = std::ceil(height);
  const auto x = axis_taps(side, static_cast<int>(columns));
  const auto y = axis_taps(side, static_cast<int>(lines));
  std::vector<Keypoint> keypoints;
  for (std::size_t map = 0; map < static_cast<std::size_t>(count); ++map) {
    const auto values = heatmaps.subspan(map * cells, cells);
    const auto peak = find_peak(resized_rows(values, static_cast<std::size_t>(side), x), x.size(), y);
    float sum = 0;
    for (const float value : values) sum += std::exp(value - peak.value);
    keypoints.push_back({(static_cast<float>(peak.x) + 0.5F) * (width / columns) + box.x0,
                         (static_cast<float>(peak.y) + 0.5F) * (height / lines) + box.y0, 1.F / sum});
  }
  return keypoints;
}

}  // namespace rcnn::engine
