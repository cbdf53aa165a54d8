// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "engine/ops/winograd/bf16.hpp"
#include "engine/ops/winograd/blocking.hpp"

namespace rcnn::engine::winograd {

/// G w G^T of every pair of channels, in double and rounded once, where Problem::round says so to bf16
/// (joint_rounding.hpp).
///   weights      [K, C, 3, 3] row-major
///   transformed  Blocking's weights, every float is written
/// Thread safety: reentrant.
void transform_weights(const Problem& problem, const Blocking& blocking, std::span<const float> weights,
                       std::span<float> transformed);

/// The same, rounded to bf16 (joint_rounding.hpp). Thread safety: reentrant.
///   transformed  Bf16Blocking's weights, every one is written
void transform_weights_bf16(const Bf16Problem& problem, const Bf16Blocking& blocking,
                            std::span<const float> weights, std::span<std::uint16_t> transformed);

}  // namespace rcnn::engine::winograd
