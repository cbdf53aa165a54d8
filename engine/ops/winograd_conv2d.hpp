// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "engine/ops/ops.hpp"
#include "engine/ops/winograd/blocking.hpp"

namespace rcnn::engine {

// Thread safety: reentrant (PackedWeights is thread-safe). Operators: as Operator says.

/// 3x3, stride 1, padding 1, one group, with a ReLU or no activation.
bool is_winograd_window(const Conv2dParams& params);

/// True for such a window where source and destination lie in f32 in blocks of 8 or 16 channels that the
/// channels fill.
bool winograd_can(const Conv2dParams& params, const Format& source, const Format& destination);

/// conv2d, or conv2d with a sum (in place of the second input), by Winograd's method.
///   source, destination  as winograd_can() accepted them
/// run() shares the work among as many threads as the calling thread's OpenMP teams have now. \throws
/// ModelError (weights)
std::unique_ptr<Operator> make_winograd_conv2d(const Conv2dParams& params, winograd::Variant variant,
                                               const Format& source, const Format& destination, bool sum,
                                               PackedWeights& weights);

}  // namespace rcnn::engine
