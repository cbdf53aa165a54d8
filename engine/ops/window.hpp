// SPDX-License-Identifier: MIT
#pragma once

#include "engine/ops/ops.hpp"

namespace rcnn::engine {

// Shapes around a convolution's window, whatever computes it. Thread safety: reentrant.

/// [O, I / groups, k, k], or with groups [groups, O / groups, I / groups, k, k].
Shape window_weight(const Conv2dParams& params, std::int64_t in_channels);
/// How a parameter of that shape lies.
Format plain_weight(const Conv2dParams& params, std::int64_t in_channels);
/// [N, O, H', W']. \throws ShapeError for what the window or the groups do not fit.
Shape window_output(const Conv2dParams& params, const Shape& source);

}  // namespace rcnn::engine
