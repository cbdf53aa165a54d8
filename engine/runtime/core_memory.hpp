// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/runtime/core_pool.hpp"

namespace rcnn::engine {

/// What lies in one core's memory: each program's weights, and one scratch arena as large as the largest
/// program needs.
///
/// Thread safety: thread-bound; the core's mutex guards it.
class CoreMemory {
 public:
  CoreMemory(int core, std::size_t total) : core_(core), total_(total) {}

  /// \throws DeviceError naming what is resident and how much is missing, if `programs` do not fit besides.
  void require(std::span<const ResidentProgram> programs) const;
  void add(std::span<const ResidentProgram> programs);
  /// Takes back one add() of the same programs.
  void remove(std::span<const ResidentProgram> programs);
  /// Makes the arena `bytes` large, for a program whose executable turned out to need that.
  /// \throws DeviceError as require().
  void grow_arena(const std::string& program, std::size_t bytes);
  /// The arena was given back.
  void drop_arena() { arena_ = 0; }

  bool empty() const { return residents_.empty(); }
  std::size_t used() const { return weights(residents_) + scratch(residents_); }
  std::size_t total() const { return total_; }

 private:
  std::size_t weights(std::span<const ResidentProgram> programs) const;
  std::size_t scratch(std::span<const ResidentProgram> programs) const;
  [[noreturn]] void refuse(const std::string& what, std::size_t missing) const;

  int core_;
  std::size_t total_;
  std::size_t arena_ = 0;
  std::vector<ResidentProgram> residents_;  ///< One entry a load; entries of one key share their weights
};

}  // namespace rcnn::engine
