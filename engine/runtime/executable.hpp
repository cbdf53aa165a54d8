// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

/// A program made ready for one input shape: operators, weights in this CPU's layout, a memory plan.
///
/// Thread safety: thread-safe; run() may go on in several threads at once, each with its own scratch.
class Executable {
 public:
  Executable() = default;
  Executable(const Executable&) = delete;
  Executable& operator=(const Executable&) = delete;
  virtual ~Executable() = default;

  virtual const std::string& program() const = 0;
  virtual const std::vector<TensorSpec>& inputs() const = 0;
  virtual const std::vector<TensorSpec>& outputs() const = 0;
  /// Bytes of activations that live only while it runs; the core lends them.
  virtual std::size_t scratch_bytes() const = 0;

  /// Runs on the calling thread (and its OpenMP team): a NeuronCore's or, for a host program, a worker's.
  ///   inputs, outputs  64-byte aligned, sized as the specs say; outputs are written whole
  ///   scratch          64-byte aligned, at least scratch_bytes()
  /// \throws DeviceError if an operator fails.
  virtual void run(std::span<const void* const> inputs, std::span<void* const> outputs,
                   std::span<std::byte> scratch) const = 0;
};

}  // namespace rcnn::engine
