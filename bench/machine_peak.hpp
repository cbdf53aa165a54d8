// SPDX-License-Identifier: MIT
#pragma once

namespace rcnn::bench {

/// GFLOP/s that this thread's core reaches now when it does nothing but fused multiply-adds in f32 registers
/// (counted as two), with the widest registers it has. Takes about 10 ms.
double peak_gflops();

}  // namespace rcnn::bench
