// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

#include "pipeline/stage_graph.hpp"

namespace rcnn::pipeline {

/// Collects GraphCounters over all epochs of a graph.
///
/// Thread safety: thread-safe; one mutex guards all, no other lock is taken under it.
class GraphStatistics {
 public:
  static constexpr std::size_t kWindow = 1024;  ///< Frames that the percentiles look back on

  void entered();
  void left_reorder(std::chrono::nanoseconds latency);
  void popped(bool failed);
  /// All but `inside`, which the epoch knows.
  GraphCounters snapshot() const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t in_ = 0;
  std::uint64_t out_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t measured_ = 0;
  std::vector<std::uint64_t> latencies_ns_;  ///< A ring once kWindow long
};

}  // namespace rcnn::pipeline
