// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "engine/ops/winograd/blocking.hpp"

namespace rcnn::engine::winograd {

/// G w G^T of every pair of channels, in double and rounded once.
///   weights      [K, C, 3, 3] row-major
///   transformed  Blocking's weights, every float is written
/// Thread safety: reentrant.
void transform_weights(const Problem& problem, const Blocking& blocking, std::span<const float> weights,
                       std::span<float> transformed);

}  // namespace rcnn::engine::winograd
