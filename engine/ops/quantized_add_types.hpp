// SPDX-License-Identifier: MIT
#pragma once

#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

/// Of the values that quantized_upsample_add.cpp adds, each kS8 or kU8. Apart from it, since that file is
/// compiled once per instruction set.
struct QuantizedAddTypes {
  DType fine, coarse, result;
};

}  // namespace rcnn::engine
