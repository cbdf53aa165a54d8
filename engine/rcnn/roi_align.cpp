// SPDX-License-Identifier: MIT
#include "engine/rcnn/roi_align.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>

#include "engine/errors.hpp"
#include "engine/rcnn/roi_kernel.hpp"
#include "engine/rcnn/roi_taps.hpp"
#include "engine/tensor/activation_step.hpp"

namespace rcnn::engine {
namespace {

void require_consistent(std::span<const FeatureView> levels, std::size_t boxes,
                        std::span<const std::uint32_t> order, const RoiPoolerParams& params,
                        std::size_t pooled) {
  if (levels.empty() || levels.size() != params.strides.size() || params.output_size < 1) {
    throw ShapeError("RoIAlign to " + std::to_string(params.output_size) + " bins a side was given " +
                     std::to_string(levels.size()) + " levels and " + std::to_string(params.strides.size()) +
                     " strides; give at least one level, one stride a level and at least one bin");
  }
  for (const auto& level : levels) {
    if (level.channels == levels[0].channels && level.channels > 0 && level.height > 0 && level.width > 0)
      continue;
    throw ShapeError("RoIAlign was given a level of [1, " + std::to_string(level.channels) + ", " +
                     std::to_string(level.height) + ", " + std::to_string(level.width) + "] beside one of " +
                     std::to_string(levels[0].channels) +
                     " channels; every level needs the same channels and at least one cell");
  }
  const auto row = static_cast<std::size_t>(params.output_size) *
                   static_cast<std::size_t>(params.output_size) *
                   static_cast<std::size_t>(levels[0].channels);
  const std::size_t end = order.empty() ? 0 : std::size_t{*std::ranges::max_element(order)} + 1;
  if (end > boxes || pooled < end * row) {
    throw ShapeError("RoIAlign of regions up to number " + std::to_string(end) + " of " +
                     std::to_string(boxes) + " was given room for " + std::to_string(pooled) + " values; " +
                     std::to_string(end * row) + " are needed ([R, S * S, C])");
  }
}

ChannelRuns channel_runs(const FeatureView& level) {
  const auto channels = static_cast<std::size_t>(level.channels);
  const auto width = static_cast<std::size_t>(level.width);
  const auto cells = width * static_cast<std::size_t>(level.height);
  if (level.layout == Layout::kNhwc)
    return {level.data, level.dtype, channels, channels, 0, channels, width * channels};
  const auto block = static_cast<std::size_t>(channel_block(level.layout));
  return {level.data, level.dtype, channels, block, cells * block, block, width * block};
}

PooledElement element_of(const PooledView& pooled) {
  const ActivationStep step{pooled.step, pooled.dtype == DType::kS8};
  return {pooled.dtype, step.least(), step.most()};
}

RegionAxis region_axis(float low, float high, float scale, int cells, const RoiPoolerParams& params) {
  const float offset = params.aligned ? 0.5F : 0.F;
  const float start = low * scale - offset;
  float side = high * scale - offset - start;
  if (!params.aligned)
    side = std::max(side, 1.F);  // The first ROIAlign made every region at least one cell large.
  const float bin_size = side / static_cast<float>(params.output_size);
  const float samples =
      params.sampling_ratio > 0 ? static_cast<float>(params.sampling_ratio) : std::ceil(bin_size);
  return {start, bin_size, samples, cells};
}

enum class RegionShape : std::uint8_t { kTall, kWide, kOther };

/// Where a region comes in a pooling order.
struct PoolingPlace {
  int level;
  RegionShape shape;
  float band;  ///< Of rows
  float along;
  std::uint32_t index = 0;
  auto key() const { return std::make_tuple(level, shape, band, along, index); }
};

/// Tall regions lie in the order of their columns, wide ones in that of their rows: there those share cells
/// however far apart they begin. All others come in bands of rows.
PoolingPlace pooling_place(const Box& box, int level, const RoiPoolerParams& params) {
  constexpr float kLongSides = 3, kBandCells = 32;
  const auto comparable = [](float value) {
    return std::isnan(value) ? -std::numeric_limits<float>::infinity() : value;
  };
  const float width = box.x1 - box.x0, height = box.y1 - box.y0;
  if (height > kLongSides * width) return {level, RegionShape::kTall, 0, comparable(box.x0 + box.x1)};
  if (width > kLongSides * height) return {level, RegionShape::kWide, 0, comparable(box.y0 + box.y1)};
  const float band = kBandCells * static_cast<float>(params.strides.at(static_cast<std::size_t>(level)));
  return {level, RegionShape::kOther, comparable(std::floor(box.y0 / band)), comparable(box.x0)};
}

}  // namespace

PooledView::PooledView(Tensor& tensor)
    : data(tensor.data()),
      count(tensor.spec().bytes() / size_of(tensor.spec().dtype)),
      dtype(tensor.spec().dtype),
      step(tensor.spec().step) {
  constexpr std::array kTypes{DType::kF32, DType::kBf16, DType::kU8, DType::kS8};
  if (std::ranges::find(kTypes, dtype) == kTypes.end()) {
    throw ShapeError("RoIAlign cannot pool into '" + tensor.spec().name + "', which is " + to_string(dtype) +
                     "; expected f32, bf16, u8 or s8");
  }
}

int assign_level(const Box& box, const RoiPoolerParams& params) {
  const float size = std::sqrt(box.area());
  const float level = std::floor(static_cast<float>(params.canonical_level) +
                                 std::log2(size / static_cast<float>(params.canonical_size) + 1e-8F));
  const float lowest = static_cast<float>(params.min_level);
  const float highest = lowest + static_cast<float>(params.strides.size()) - 1.F;
  if (!(level > lowest)) return 0;  // NaN too
  return static_cast<int>(std::min(level, highest) - lowest);
}

std::vector<std::uint32_t> pooling_order(std::span<const Box> boxes, const RoiPoolerParams& params) {
  std::vector<PoolingPlace> places;
  places.reserve(boxes.size());
  for (const auto& box : boxes) {
    places.push_back(pooling_place(box, assign_level(box, params), params));
    places.back().index = static_cast<std::uint32_t>(places.size() - 1);
  }
  std::ranges::sort(places, {}, &PoolingPlace::key);
  std::vector<std::uint32_t> order;
  order.reserve(places.size());
  for (const auto& place : places) order.push_back(place.index);
  return order;
}

void roi_align(std::span<const FeatureView> levels, std::span<const Box> boxes,
               std::span<const std::uint32_t> order, const RoiPoolerParams& params,
               const PooledView& pooled) {
  require_consistent(levels, boxes.size(), order, params, pooled.count);
  const int bins = params.output_size;
  const auto row = static_cast<std::size_t>(bins) * static_cast<std::size_t>(bins) *
                   static_cast<std::size_t>(levels[0].channels) * size_of(pooled.dtype);
  const auto element = element_of(pooled);
  std::vector<int> assigned;
  for (const auto i : order) assigned.push_back(assign_level(boxes[i], params));

  TapTable table;
  std::vector<TappedRegion> tapped;
  for (std::size_t l = 0; l < levels.size(); ++l) {
    table.clear();
    tapped.clear();
    const float scale = 1.F / static_cast<float>(params.strides[l]);
    const float units = levels[l].step / pooled.step;  // Steps of the result in one of the level's
    for (std::size_t n = 0; n < order.size(); ++n) {
      if (assigned[n] != static_cast<int>(l)) continue;
      const std::size_t i = order[n];
      const auto x = region_axis(boxes[i].x0, boxes[i].x1, scale, levels[l].width, params);
      const auto y = region_axis(boxes[i].y0, boxes[i].y1, scale, levels[l].height, params);
      auto* output = static_cast<std::byte*>(pooled.data) + i * row;
      if (!has_samples(x, bins) || !has_samples(y, bins)) {
        std::fill_n(output, row, std::byte{0});
        continue;
      }
      const auto count = static_cast<float>(x.samples * y.samples);
      const auto x_taps = table.add(x, bins, 1.F);
      tapped.push_back({x_taps, table.add(y, bins, units / count), output});
    }
    if (!tapped.empty()) pool_regions(channel_runs(levels[l]), table, tapped, bins, element);
  }
}

}  // namespace rcnn::engine
