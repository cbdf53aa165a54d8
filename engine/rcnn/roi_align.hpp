// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/rcnn/box.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

/// Geometry of a multi-level pooler; fixed when the model is built.
struct RoiPoolerParams {
  int output_size = 7;      ///< Bins per side (7 boxes, 14 masks).
  int sampling_ratio = 0;   ///< Samples per bin side; 0 = ceil(region side in cells / output_size).
  bool aligned = true;      ///< ROIAlignV2: the half-cell offset.
  int canonical_level = 4;  ///< Level of a canonical_size box.
  int canonical_size = 224;
  int min_level = 2;                       ///< levels[0] is p2.
  std::vector<int> strides{4, 8, 16, 32};  ///< Network-input pixels per cell, one per level.
};

/// floor(canonical_level + log2(sqrt(area) / canonical_size + 1e-8)) clamped to the levels there are.
/// \returns index into the pooler's levels, 0-based. Source: Detectron2 assign_boxes_to_levels.
/// Thread safety: reentrant.
int assign_level(const Box& box, const RoiPoolerParams& params);

/// Room for pooled regions; borrows the memory.
///
///   data  [R, S * S, C] elements of `dtype`: f32, bf16, or u8 or s8 that count steps
struct PooledView {
  void* data = nullptr;
  std::size_t count = 0;  ///< Elements
  DType dtype = DType::kF32;
  float step = 1;

  PooledView(std::span<float> values) : data(values.data()), count(values.size()) {}
  PooledView(std::vector<float>& values) : PooledView(std::span(values)) {}
  /// \throws ShapeError if the tensor is of none of those types.
  explicit PooledView(Tensor& tensor);
};

/// The regions in the order in which pooling them costs least: each level's together, and of those neighbours
/// next to each other, which read the same cells. \returns indices of `boxes`, each once.
/// Thread safety: reentrant.
std::vector<std::uint32_t> pooling_order(std::span<const Box> boxes, const RoiPoolerParams& params);

/// Pools those regions of `boxes` that `order` names, each from the level its size belongs to, into the row
/// of its index.
///
///   levels  one per stride, as the convolutions wrote them (no copy is made): any layout; f32, bf16, u8 or
///           s8, each level its own type and step
///   boxes   [R]            network-input pixels
///   order   indices of `boxes`, best a pooling_order()
///   pooled  [R, S * S, C]  channel fastest, S = output_size; the regions' rows are written whole
///
/// Sums are f32 and are rounded once, when they are written: to the nearest, ties to even, and in 8 bits to
/// the last step for what lies beyond (ActivationStep). Matches Detectron2 ROIPooler with ROIAlignV2. Samples
/// more than one cell outside the map read as 0. A region without samples (no side) pools to 0, as there; so
/// does one that is not finite or reaches 2^20 cells away, where f32 places no samples. Thread safety:
/// reentrant; parts of an order may run in parallel. Allocates about a KiB a region. \throws ShapeError if
/// channel counts differ, or `pooled` is too small for one of the regions.
void roi_align(std::span<const FeatureView> levels, std::span<const Box> boxes,
               std::span<const std::uint32_t> order, const RoiPoolerParams& params, const PooledView& pooled);

}  // namespace rcnn::engine
