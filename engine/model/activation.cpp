// SPDX-License-Identifier: MIT
#include "engine/model/activation.hpp"

#include <algorithm>
#include <array>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

constexpr std::array<const char*, 4> kNames{"none", "relu", "silu", "sigmoid"};

}  // namespace

std::string to_string(Activation activation) { return kNames.at(static_cast<std::size_t>(activation)); }

Activation parse_activation(const std::string& name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) {
    throw ModelError(
        "unknown activation '" + name +
        "'; known are none, relu, silu and sigmoid. The model was made by a newer version or is damaged");
  }
  return static_cast<Activation>(found - kNames.begin());
}

}  // namespace rcnn::engine
