// SPDX-License-Identifier: MIT
#pragma once

#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

/// How a value between operators is held in 8 bits: each element is an integer times the step, of -128..127
/// if it is signed, of 0..255 if not; the nearest (ties to even), or the last for what lies beyond.
struct ActivationStep {
  float step = 1;
  bool is_signed = false;

  DType dtype() const { return is_signed ? DType::kS8 : DType::kU8; }
  float least() const { return is_signed ? -128.F : 0.F; }
  float most() const { return is_signed ? 127.F : 255.F; }
  bool operator==(const ActivationStep&) const = default;
};

}  // namespace rcnn::engine
