// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/tensor/tensor.hpp"

namespace rcnn::pipeline {

/// Tensors that one stage writes together.
using TensorSet = std::vector<engine::Tensor>;

/// Sets of tensors kept for the next frame of the same shapes. A set comes back when its last reference goes,
/// be that a frame's or a core's that was late; it may outlive the pool.
///
/// Thread safety: thread-safe; one mutex guards the idle sets, allocation happens outside it.
class TensorPool {
 public:
  /// Idle bytes beyond which a stage that meets a new shape first gives up what it left in others (sets whose
  /// first tensor has the same name). Frames of one size never come here and so keep all they need; where
  /// each frame has a size of its own (a folder of pictures), this bounds what the earlier ones leave.
  static constexpr std::size_t kIdleBytes = std::size_t{128} << 20;

  TensorPool();

  /// Contents undefined.
  std::shared_ptr<TensorSet> acquire(const std::vector<engine::TensorSpec>& specs) const;
  /// Acquisitions that had to allocate.
  std::uint64_t misses() const;
  std::size_t idle_bytes() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rcnn::pipeline
