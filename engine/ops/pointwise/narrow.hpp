// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/ops/element.hpp"

namespace rcnn::engine::pointwise {

/// Two 1x1 convolutions of the same cells to so few channels that one register holds the sums of both, which
/// are written as f32, channels last:
///
///   sum[o]  = start[o] + source[p][0] * weight[o][0] + ...
///   first[p][o], second[p][o - first_channels] = scale[o] * sum[o] + bias[o]
///
/// Products are of the source's type and summed in f32, those of 8 bits in s32. Cells of an image follow each
/// other, `cell` elements apart (MapStrides: no row is longer than its cells).
struct NarrowProblem {
  static constexpr std::size_t kMostChannels = 16;  ///< Of both

  std::size_t cells = 0;           ///< Of an image
  std::size_t in_channels = 0;     ///< A multiple of 16
  std::size_t first_channels = 0;  ///< Of the first convolution
  std::size_t second_channels = 0;
  Element source = Element::kF32;
  MapStrides strides{};
};

/// Some cells of one image.
struct NarrowCells {
  std::size_t image, first, end;
};

/// Both convolutions' together, the first's channels before the second's, zeros in the rest of 16.
///   weights  [C / n][16][n] of the source's type (s8 for u8), n values to four bytes
///   starts   [16] s32, of 8 bits: 0, or -128 times the weights' sum for s8, which is multiplied with 128
///            added
///   scales, biases  [16]
struct NarrowWeights {
  const void* weights;
  const std::int32_t* starts;
  const float* scales;
  const float* biases;
};

/// Whether this processor has what run_narrow() is made of for values of this type: AVX-512, for bf16 with
/// BF16, for 8 bits with VNNI. Thread safety: thread-safe.
bool can_run_narrow(Element source);

/// Only where can_run_narrow(). A cell's results do not depend on which others are computed with it, bit for
/// bit.
///   source         first element of the map
///   first, second  the maps, [N, cells, channels]
/// Thread safety: reentrant; parts of one problem may run in parallel. Nothing is allocated.
void run_narrow(const NarrowProblem& problem, const NarrowCells& cells, const void* source,
                const NarrowWeights& weights, float* first, float* second);

}  // namespace rcnn::engine::pointwise
