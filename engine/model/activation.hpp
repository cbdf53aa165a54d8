// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace rcnn::engine {

/// What an operator does to each of its results last.
enum class Activation : std::uint8_t {
  kNone,
  kRelu,     ///< max(x, 0)
  kSilu,     ///< x * sigmoid(x), "swish" in other places
  kSigmoid,  ///< 1 / (1 + exp(-x))
};

/// "none", "relu", "silu", "sigmoid". Thread safety: reentrant.
std::string to_string(Activation activation);
/// Thread safety: reentrant. \throws ModelError naming those there are.
Activation parse_activation(const std::string& name);

}  // namespace rcnn::engine
