// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace rcnn::engine {

/// A buffer that is needed from step `first` to step `last`, both included.
struct Lifetime {
  std::size_t bytes = 0;
  int first = 0;
  int last = 0;
};

/// Where each buffer lies in one arena. Buffers that live at the same time never overlap; the others may.
struct MemoryPlan {
  std::vector<std::size_t> offsets;  ///< One per buffer, multiples of 64
  std::size_t bytes = 0;             ///< Of the arena
};

/// Largest first, each at the lowest offset that is free all its life. Thread safety: reentrant.
MemoryPlan plan_memory(std::span<const Lifetime> buffers);

}  // namespace rcnn::engine
