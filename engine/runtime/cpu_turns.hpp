// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "engine/runtime/core_pool.hpp"

namespace rcnn::engine {

/// Turns on the CPUs that emulated cores share: where there are more cores than CPUs, no more programs run at
/// once than these have room for, instead of taking the caches from each other. Cores that are bound to CPUs
/// share theirs with those that are bound to the same ones.
///
/// Thread safety: thread-bound; the dispatcher's mutex guards it.
class CpuTurns {
 public:
  explicit CpuTurns(const CoreSettings& settings);

  /// Whether a core may begin a program.
  bool free(int core) const { return free_.empty() || free_[group(core)] > 0; }
  void take(int core) { change(core, -1); }
  void give_back(int core) { change(core, 1); }

 private:
  std::size_t group(int core) const { return static_cast<std::size_t>(core) % free_.size(); }
  void change(int core, int by) {
    if (!free_.empty()) free_[group(core)] += by;
  }

  std::vector<int> free_;  ///< Of each group of CPUs; empty: any number of turns
};

}  // namespace rcnn::engine
