// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

#include "engine/ops/ops.hpp"

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// What decides how the algorithms of a 3x3 convolution compare, besides the extent of its maps.
struct Conv2dClass {
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  int block = 8;              ///< Channels per block of the layout; 1 where all lie together
  int threads = 1;            ///< Of the core
  DType dtype = DType::kF32;  ///< Of the maps: f32, bf16; u8 stands for both kinds of 8 bits
  auto operator<=>(const Conv2dClass&) const = default;
};

/// How long one algorithm takes for a class: fixed + unit * units. Microseconds.
/// A unit is what the algorithm works through: a tile of 2x2 or 4x4 cells (begun ones count whole), or a cell
/// for the direct one. The model is what makes every extent cost no measurement of its own.
struct Conv2dCost {
  double fixed = 0;
  double unit = 0;
};
using Conv2dCosts = std::array<Conv2dCost, 3>;  ///< By Conv2dAlgorithm
using Conv2dCostTable = std::map<Conv2dClass, Conv2dCosts>;

/// Units of maps of this extent.
double units_of(Conv2dAlgorithm algorithm, std::int64_t batch, std::int64_t height, std::int64_t width);

/// Expected microseconds.
double expected_time(const Conv2dCosts& costs, Conv2dAlgorithm algorithm, std::int64_t batch,
                     std::int64_t height, std::int64_t width);

/// The quickest; direct unless another saves more than the measurement's own error (a twentieth).
Conv2dAlgorithm quickest(const Conv2dCosts& costs, std::int64_t batch, std::int64_t height,
                         std::int64_t width);

/// Runs all three on two small maps (8x8 and 28x28, so 49 tiles of 4x4 at most) with weights that it makes
/// up, best of a few rounds; of 8 bits without products of bf16, Winograd's method in f32 with the reorders
/// around it. About 10 ms for 64 -> 64 channels on Zen 3, half a second for 512 -> 512; temporarily 100 MB
/// for those. Runs under the calling thread's OpenMP team, which should have `shape.threads`;
/// of one thread its processor time counts, of more the wall's, and so whatever runs beside them.
Conv2dCosts measure_conv2d(const Conv2dClass& shape);

}  // namespace rcnn::engine
