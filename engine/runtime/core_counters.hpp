// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

#include "engine/runtime/core_pool.hpp"

namespace rcnn::engine {

/// Collects what CoreCounters shows, for one core or for one program on it.
///
/// Thread safety: thread-bound; the core's mutex guards it.
class CounterRecorder {
 public:
  static constexpr std::size_t kWindow = 1024;  ///< Executions that the percentiles look back on

  void finished(std::chrono::nanoseconds took);
  void failed() { ++failures_; }
  void timed_out() { ++timeouts_; }
  /// Time a core was occupied, whatever came of it.
  void occupied(std::chrono::nanoseconds took) { busy_ += took; }

  /// All but queue_depth, which only the core knows.
  CoreCounters snapshot() const;

 private:
  std::uint64_t executions_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t timeouts_ = 0;
  std::chrono::nanoseconds busy_{0};
  std::vector<float> latencies_ms_;  ///< A ring once kWindow long
};

/// Nearest-rank percentiles p0 p1 p25 p50 p75 p99 p100; zeros where there are no values. Thread safety:
/// reentrant.
std::array<double, 7> latency_percentiles(std::vector<float> values);

}  // namespace rcnn::engine
