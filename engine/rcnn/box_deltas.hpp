// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <span>

#include "engine/rcnn/box.hpp"

namespace rcnn::engine {

/// Divisors of (dx, dy, dw, dh): (1, 1, 1, 1) in the RPN, (10, 10, 5, 5) in the box head.
using BoxDeltaWeights = std::array<float, 4>;

/// Moves and scales one anchor. dw and dh are divided by their weight, then clamped at log(1000 / 16).
/// The result is in the anchor's frame, not clipped. Thread safety: reentrant, as clip().
/// Source: Detectron2 Box2BoxTransform.apply_deltas; f32 arithmetic in its order.
Box apply_deltas(const Box& anchor, std::span<const float, 4> deltas, const BoxDeltaWeights& weights);

/// Cuts a box to [0, width] x [0, height]; NaN stays NaN.
Box clip(const Box& box, float width, float height);

}  // namespace rcnn::engine
