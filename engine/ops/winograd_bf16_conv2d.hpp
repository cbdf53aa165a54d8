// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "engine/ops/ops.hpp"
#include "engine/ops/winograd/blocking.hpp"

namespace rcnn::engine {

// Thread safety: reentrant (PackedWeights is thread-safe). Operators: as Operator says.

/// Whether the kernels compute such convolutions: 3x3, stride 1, padding 1, one group, with a ReLU or no
/// activation, of whole sixteens of channels.
bool winograd_bf16_computes(const Conv2dParams& params, std::int64_t in_channels);

/// The same, winograd_multiplies_bf16(), and source (bf16, u8 or s8) and destination lie alike, kNhwc or
/// kBlocked16.
bool winograd_bf16_can(const Conv2dParams& params, const Format& source, const Format& destination);

/// conv2d, or conv2d with a sum (in place of the second input), by Winograd's method with products of bf16.
///   steps                of values in 8 bits; null where there are none
///   source, destination  as winograd_bf16_can() accepted them
///   summand              in the destination's layout and of its size; null without
/// run() shares the work among as many threads as the calling thread's OpenMP teams have now. \throws
/// ModelError (weights)
std::unique_ptr<Operator> make_winograd_bf16_conv2d(const Conv2dParams& params, winograd::Variant variant,
                                                    const QuantizedParams* steps, const Format& source,
                                                    const Format& destination, const Format* summand,
                                                    PackedWeights& weights);

}  // namespace rcnn::engine
