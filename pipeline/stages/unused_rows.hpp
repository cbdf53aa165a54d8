// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "engine/runtime/activation_tap.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::pipeline {

/// Who looks at the values of programs must not meet those of earlier frames in rows that this one does not
/// fill. Nobody else reads them, so they are left alone where nobody looks.
///   pooled  [R, ...] of any type, of which `used` rows were written
/// Thread safety: reentrant.
inline void clear_unused_rows(engine::Tensor& pooled, std::size_t used) {
  if (!engine::ActivationTap::any()) return;
  const std::span bytes(static_cast<std::byte*>(pooled.data()), pooled.spec().bytes());
  const auto row = bytes.size() / static_cast<std::size_t>(pooled.shape()[0]);
  std::ranges::fill(bytes.subspan(used * row), std::byte{0});
}

}  // namespace rcnn::pipeline
