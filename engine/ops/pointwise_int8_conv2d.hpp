// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "engine/ops/ops.hpp"

namespace rcnn::engine {

// Thread safety: reentrant (PackedWeights is thread-safe). Operators: as Operator says.

/// Whether the kernels compute such convolutions: 1x1, of any stride, no padding, one group, with a ReLU or
/// no activation, of whole fours of input channels; and whether the products of 8 bits here are those of
/// AVX-512 VNNI: where multiplies_int8() and NEURON_EMU_ISA allows it, and not in AMX's tiles, which oneDNN
/// alone has.
bool pointwise_int8_can(const Conv2dParams& params, std::int64_t in_channels);

/// Whether they do so quicker than oneDNN: of whole panels of output channels, which compute nothing in vain.
/// One thread on Zen 5, with oneDNN 2.6.3, ms at 200x200: 64 -> 256 with a sum 1.65 against 5.27, 256 ->
/// 256 5.3 against 5.7; from 512 input channels on the same but for sums; but 256 -> 12 1.37 against 0.39.
bool pointwise_int8_is_quicker(const Conv2dParams& params);

/// quantized_conv2d, or with a sum (in place of the second input). Source, result and sum are kNhwc.
///   source   how the values lie, whatever their type now
///   summand  null without a sum
/// run() shares the work among as many threads as the calling thread's OpenMP teams have now. \throws
/// ShapeError, ModelError (weights)
std::unique_ptr<Operator> make_pointwise_int8_conv2d(const Conv2dParams& params, const QuantizedParams& steps,
                                                     const Format& source, const Format* summand,
                                                     PackedWeights& weights);

/// quantized_linear: rows are the cells of a map.
///   source  [R, I], row-major, whatever the type
/// \throws ModelError (weights)
std::unique_ptr<Operator> make_pointwise_int8_linear(const Conv2dParams& params, const QuantizedParams& steps,
                                                     const Format& source, PackedWeights& weights);

}  // namespace rcnn::engine
