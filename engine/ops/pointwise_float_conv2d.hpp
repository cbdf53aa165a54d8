// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "engine/ops/ops.hpp"

namespace rcnn::engine {

// Thread safety: reentrant (PackedWeights is thread-safe). Operators: as Operator says.

/// True where this processor has AVX-512, and for bf16 multiplies that (but not in AMX's tiles, which oneDNN
/// alone has), for 1x1 windows without padding and groups, with a ReLU or no activation, where source and
/// destination are of one of these types and lie alike, kNhwc or kBlocked16, in whole sixteens of channels.
bool pointwise_float_can(const Conv2dParams& params, const Format& source, const Format& destination);

/// conv2d, or conv2d with a sum (in place of the second input), as it is defined.
///   source, destination  as pointwise_float_can() accepted them
/// run() shares the work among as many threads as the calling thread's OpenMP teams have now. \throws
/// ModelError (weights)
std::unique_ptr<Operator> make_pointwise_float_conv2d(const Conv2dParams& params, const Format& source,
                                                      const Format& destination, bool sum,
                                                      PackedWeights& weights);

/// linear; null where pointwise_float_can() does not hold of rows as the cells of a map.
///   source  [R, I], row-major
/// \throws ModelError (weights)
std::unique_ptr<Operator> make_pointwise_float_linear(const Conv2dParams& params, const Format& source,
                                                      PackedWeights& weights);

}  // namespace rcnn::engine
