// SPDX-License-Identifier: MIT
#include "pipeline/graph_statistics.hpp"

#include <algorithm>
#include <cmath>

namespace rcnn::pipeline {

void GraphStatistics::entered() {
  std::lock_guard lock(mutex_);
  ++in_;
}

void GraphStatistics::left_reorder(std::chrono::nanoseconds latency) {
  std::lock_guard lock(mutex_);
  const auto value = static_cast<std::uint64_t>(latency.count());
  if (latencies_ns_.size() < kWindow) {
    latencies_ns_.push_back(value);
  } else {
    latencies_ns_[measured_ % kWindow] = value;
  }
  ++measured_;
}

void GraphStatistics::popped(bool failed) {
  std::lock_guard lock(mutex_);
  ++out_;
  if (failed) ++failed_;
}

GraphCounters GraphStatistics::snapshot() const {
  GraphCounters counters;
  std::vector<std::uint64_t> values;
  {
    std::lock_guard lock(mutex_);
    counters.in = in_;
    counters.out = out_;
    counters.failed = failed_;
    values = latencies_ns_;
  }
  if (values.empty()) return counters;
  std::sort(values.begin(), values.end());
  const auto rank = [&](double share) {
    return values[static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)))];
  };
  counters.latency_p50_ns = rank(0.50);
  counters.latency_p95_ns = rank(0.95);
  counters.latency_p99_ns = rank(0.99);
  return counters;
}

}  // namespace rcnn::pipeline
