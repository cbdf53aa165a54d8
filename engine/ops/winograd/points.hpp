// SPDX-License-Identifier: MIT
#pragma once

namespace rcnn::engine::winograd {

/// F(4,3) evaluates its polynomials at 0, +-kA, +-kB and infinity; F(2,3) at 0, +-1 and infinity. Chosen by
/// measuring the error (bench/winograd_points.py): 0.6 of that with the usual +-1, +-2. Exact in binary.
inline constexpr double kA = 0.625;
inline constexpr double kB = 1.5;

}  // namespace rcnn::engine::winograd
