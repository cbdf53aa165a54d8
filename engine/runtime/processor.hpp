// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace rcnn::engine {

/// Whether this CPU has instructions that multiply values of a precision (a name of precision_names()): for
/// bf16, fp16 and int8 AVX512-BF16, AVX512-FP16 and AVX512-VNNI or AVX-VNNI on x86-64, FEAT_BF16, FEAT_FP16
/// and FEAT_DotProd on arm64. Instructions that only convert do not count. What a build makes of them is
/// another matter: this one multiplies f32, and bf16 and int8 where multiplies_bf16() and multiplies_int8()
/// say so. Thread safety: reentrant.
bool cpu_multiplies(const std::string& precision);

/// CPUs that the calling thread may run on, as taskset and containers' sets of them say: at least one. Thread
/// safety: reentrant.
int allowed_cpus();

}  // namespace rcnn::engine
