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
/// frame's, another stage's or another size's. Frames in flight hold few sets at a time each, so the pages of
/// one block serve images, then features, then pooled regions. A set's block comes back when its last
/// reference goes, be that a frame's or a core's that was late; it may outlive the pool.
///
/// How many sets are held at once at most is a matter of chance: with many frames in flight a new maximum may
/// come after thousands of frames. So whoever knows how many frames there can be provides for all of them
/// first; then no acquisition of theirs has to allocate, however they overlap.
///
/// Thread safety: thread-safe; one mutex guards all. provide() allocates under it, acquire() outside.
class TensorPool {
 public:
  /// Idle bytes beyond which whoever has to allocate first gives up blocks of sizes that nobody has wanted
  /// for kForgetAfter acquisitions. Frames of one size soon find all they need and never come here.
  static constexpr std::size_t kIdleBytes = std::size_t{128} << 20;
  static constexpr std::uint64_t kForgetAfter = 1024;

  TensorPool();

  /// Allocates what is missing for so many frames to hold these sets at once, each set once a frame. That
  /// takes address space; pages of memory come when they are first written. Where address space is limited,
  /// what cannot be had is left to acquire().
  void provide(const std::vector<std::vector<engine::TensorSpec>>& sets, int frames) const;
  /// Contents undefined.
  std::shared_ptr<TensorSet> acquire(const std::vector<engine::TensorSpec>& specs) const;
  /// Blocks allocated so far, provided for or because an acquisition found none.
  std::uint64_t misses() const;
  std::size_t idle_bytes() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rcnn::pipeline
