// SPDX-License-Identifier: MIT
#pragma once

#include <ostream>

#include "engine/compile/artifact.hpp"

namespace rcnn::launch {

/// A row a layer of an int8 artifact, in the order in which they run: what it multiplies in, why, the steps
/// of what it reads, and what rounding does to weights and inputs; then a row a program. \pre quantization()
void print_quantization(const engine::Artifact& artifact, std::ostream& out);

}  // namespace rcnn::launch
