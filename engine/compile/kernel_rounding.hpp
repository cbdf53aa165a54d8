// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/compile/compiler.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

/// Weights in bf16 are rounded one after the other, each for what those before it in its sum have erred by,
/// so that errors cancel in what the layer computes (Babai's nearest plane; GPTQ's order of rounding, but
/// from what inputs are like in general, not from calibration). What is assumed of inputs x:
///
///   E[x_ct x_c't'] = m + (1 - m) * (c == c' ? 0.6^distance(t, t') : 0),  E[x^2] = 1
///
/// of channels c and a kernel's cells t: neighbouring cells are alike, and what comes out of a ReLU has a
/// mean, m = 0.2 (else 0; half of a normal distribution has 0.32, features of trained networks less). R_50's
/// features err by 0.61 % of their deviation so, with all in bf16 and direct; by 0.67 % rounded each to the
/// nearest. A weight may so take the second nearest value; how close it comes to what was given is no measure
/// of it.

/// Rounds to bf16.
/// \param weights    [O, C / groups, ...], row-major; finite
/// \param rectified  the inputs have come out of a ReLU
/// Thread safety: reentrant. The same on every CPU.
std::vector<float> round_to_bf16(std::span<const float> weights, const Shape& shape, bool rectified);

/// The weights that are multiplied with what comes out of a ReLU alone, poolings between them or not.
/// \param programs  in the order in which they run, however they are cut: values have names
std::set<std::string> rectified_weights(const std::vector<Program>& programs);

}  // namespace rcnn::engine
