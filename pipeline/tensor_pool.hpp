// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/tensor/tensor.hpp"

namespace rcnn::pipeline {

/// Tensors that one stage writes together. They share a block of the pool's memory: none may be moved out.
using TensorSet = std::vector<engine::Tensor>;

/// Memory for the sets of tensors that frames hold, kept for the next set that needs about as much: another
/// frame's, another stage's or another size's. Frames in flight hold few sets at a time each, so one block
/// serves features and then pooled regions. A set's block comes back when its last reference goes, be that a
/// frame's or a core's that was late; it may outlive the pool.
///
/// Thread safety: thread-safe; one mutex guards the idle blocks, allocation happens outside it.
class TensorPool {
 public:
  /// Idle bytes beyond which an acquisition that has to allocate first gives up blocks that nobody has wanted
  /// for kForgetAfter acquisitions. Frames of one size soon find all they need and never come here.
  static constexpr std::size_t kIdleBytes = std::size_t{128} << 20;
  static constexpr std::uint64_t kForgetAfter = 1024;

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
