// SPDX-License-Identifier: MIT
#pragma once

#include <ostream>

#include "engine/compile/artifact.hpp"

namespace rcnn::launch {

/// A row a layer of an artifact in bf16 or int8, in the order in which they run: the precision of what it
/// reads, what it is computed by, why it was set aside, the range of what it reads, and what rounding does to
/// weights and inputs; then a row a program. \pre quantization()
/// Thread safety: reentrant.
void print_quantization(const engine::Artifact& artifact, std::ostream& out);

}  // namespace rcnn::launch
