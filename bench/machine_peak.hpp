// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "engine/tensor/tensor.hpp"

namespace rcnn::bench {

/// What layers of a precision ("f32", "bf16", "fp16", "int8") multiply on this CPU: kF32, or, where they have
/// products of their own, kBf16 or kS8. Thread safety: thread-safe.
engine::DType multiplied_type(const std::string& precision);

/// GFLOP/s that this thread's core reaches now when it does nothing but multiply numbers of this type and add
/// the products up (counted as two), with the widest registers it has: in f32 fused multiply-adds, in bf16
/// and s8 the sums of products of AVX-512, in s8 else of AVX2 (vdpbf16ps, vpdpbusd; AMX would reach more).
/// Takes about 10 ms. Thread safety: thread-safe.
/// \throws engine::ModelError for a type whose products this CPU does not have.
double peak_gflops(engine::DType type);

}  // namespace rcnn::bench
