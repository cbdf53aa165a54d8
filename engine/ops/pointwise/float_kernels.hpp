// SPDX-License-Identifier: MIT
#pragma once

#include "engine/ops/pointwise/floats.hpp"

namespace rcnn::engine::pointwise {

/// What run_floats() calls, each compiled for its own instructions, and whether this processor has these.
/// Values and weights are of the problem's type. Thread safety: reentrant, as run_floats().
bool has_bf16();
void run_bf16(const FloatProblem& problem, const FloatBlocking& blocking, std::size_t block,
              const FloatMemory& memory);
bool has_avx512();
void run_f32(const FloatProblem& problem, const FloatBlocking& blocking, std::size_t block,
             const FloatMemory& memory);

}  // namespace rcnn::engine::pointwise
