// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>

#include "engine/runtime/activation_tap.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::pipeline {

/// Who looks at the values of programs must not meet those of earlier frames in rows that this one does not
/// fill. Nobody else reads them, so they are left alone where nobody looks.
///   pooled  f32 [R, ...], of which `used` rows were written
inline void clear_unused_rows(engine::Tensor& pooled, std::size_t used) {
  if (!engine::ActivationTap::any()) return;
  const auto values = pooled.values<float>();
  const auto row = values.size() / static_cast<std::size_t>(pooled.shape()[0]);
  std::ranges::fill(values.subspan(used * row), 0.F);
}

}  // namespace rcnn::pipeline
