// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "engine/runtime/executable.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::tests {

/// Runs an executable on this thread with memory of its own; inputs are copied, into narrow ones what these
/// hold of them. Values are given as they lie, but of an image [1, 3, H, W], which is row-major here whatever
/// the program reads. Scratch and outputs start as NaN, so that what is read before it is written shows.
std::vector<engine::Tensor> run_executable(const engine::Executable& executable,
                                           const std::vector<std::span<const float>>& inputs);

/// The values of a tensor of any type in row-major order, padding channels left out.
std::vector<float> row_major(const engine::Tensor& tensor);

}  // namespace rcnn::tests
