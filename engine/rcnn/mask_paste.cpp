// SPDX-License-Identifier: MIT
#include "engine/rcnn/mask_paste.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

constexpr float kThreshold = 0.5F;
// A weighted mean of four numbers that all lie farther from the threshold lies on their side of it, too,
// however its f32 operations round.
constexpr float kRounding = 1e-5F;

/// Cells that a pixel's sample lies between, on one axis of the grid with its border of zeros.
struct GridTaps {
  int low = -1;  ///< -1: beyond the border, where all is 0
  float low_weight = 0;
  float high_weight = 0;
};

/// Pixels [begin, end) of one axis and their taps.
struct AxisTaps {
  int begin = 0;
  int end = 0;
  std::vector<GridTaps> taps;
};

AxisTaps axis_taps(float low, float high, int side, int limit) {
  const auto cut = [&](float edge) {
    return static_cast<int>(std::clamp(edge, 0.F, static_cast<float>(limit)));
  };
  AxisTaps axis{cut(std::floor(low) - 1.F), cut(std::ceil(high) + 1.F), {}};
  const float half = static_cast<float>(side) / 2.F;
  for (int pixel = axis.begin; pixel < axis.end; ++pixel) {
    const float within = (static_cast<float>(pixel) + 0.5F - low) / (high - low) * 2.F - 1.F;  // -1..1
    const float position = (within + 1.F) * half - 0.5F;                                       // Cells
    GridTaps taps;
    if (position >= -1.F && position < static_cast<float>(side)) {
      const float cell = std::floor(position);
      const float beyond = position - cell;
      taps = {static_cast<int>(cell) + 1, 1.F - beyond, beyond};
    }
    axis.taps.push_back(taps);
  }
  return axis;
}

/// The grid with a cell of zeros on each side.
class Grid {
 public:
  Grid(std::span<const float> probabilities, int side)
      : stride_(static_cast<std::size_t>(side) + 2), values_(stride_ * stride_) {
    const auto row = static_cast<std::size_t>(side);
    for (std::size_t y = 0; y < row; ++y) {
      std::copy_n(probabilities.begin() + static_cast<std::ptrdiff_t>(y * row), row,
                  values_.begin() + static_cast<std::ptrdiff_t>((y + 1) * stride_ + 1));
    }
  }
  const float* at(int y, int x) const {
    return values_.data() + static_cast<std::size_t>(y) * stride_ + static_cast<std::size_t>(x);
  }
  std::size_t stride() const { return stride_; }

 private:
  std::size_t stride_;
  std::vector<float> values_;
};

/// Rows [begin, end) of one column, all between the same two cells.
void add_rows(RunWriter& writer, const Grid& grid, const GridTaps& column, std::span<const GridTaps> rows) {
  if (rows[0].low < 0) return writer.add(rows.size(), false);
  const float* upper = grid.at(rows[0].low, column.low);
  const float* lower = upper + grid.stride();
  const auto [least, most] = std::minmax({upper[0], upper[1], lower[0], lower[1]});
  if (least > kThreshold + kRounding) return writer.add(rows.size(), true);
  if (most < kThreshold - kRounding) return writer.add(rows.size(), false);
  for (const auto& row : rows) {
    const float sample =
        upper[0] * (row.low_weight * column.low_weight) + upper[1] * (row.low_weight * column.high_weight) +
        lower[0] * (row.high_weight * column.low_weight) + lower[1] * (row.high_weight * column.high_weight);
    writer.add(1, sample >= kThreshold);
  }
}

void add_column(RunWriter& writer, const Grid& grid, const GridTaps& column, std::span<const GridTaps> rows) {
  if (column.low < 0) return writer.add(rows.size(), false);
  for (std::size_t begin = 0; begin < rows.size();) {
    auto end = begin + 1;
    while (end < rows.size() && rows[end].low == rows[begin].low) ++end;
    add_rows(writer, grid, column, rows.subspan(begin, end - begin));
    begin = end;
  }
}

}  // namespace

Mask paste_mask(std::span<const float> probabilities, int side, const Box& box, int width, int height) {
  if (side < 1 || probabilities.size() != static_cast<std::size_t>(side) * static_cast<std::size_t>(side)) {
    throw ShapeError("a mask of " + std::to_string(side) + "x" + std::to_string(side) + " cells was given " +
                     std::to_string(probabilities.size()) + " probabilities");
  }
  const auto x = axis_taps(box.x0, box.x1, side, width);
  const auto y = axis_taps(box.y0, box.y1, side, height);
  const Grid grid(probabilities, side);
  const auto rows = static_cast<std::size_t>(height);
  RunWriter writer;
  writer.add(rows * static_cast<std::size_t>(x.begin), false);
  for (const auto& column : x.taps) {
    writer.add(static_cast<std::size_t>(y.begin), false);
    add_column(writer, grid, column, y.taps);
    writer.add(static_cast<std::size_t>(height - y.end), false);
  }
  writer.add(rows * static_cast<std::size_t>(width - x.end), false);
  return writer.take(width, height);
}

}  // namespace rcnn::engine
