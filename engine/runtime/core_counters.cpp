// SPDX-License-Identifier: MIT
#include "engine/runtime/core_counters.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace rcnn::engine {

void CounterRecorder::finished(std::chrono::nanoseconds took) {
  const auto milliseconds = std::chrono::duration<float, std::milli>(took).count();
  if (latencies_ms_.size() < kWindow) {
    latencies_ms_.push_back(milliseconds);
  } else {
    latencies_ms_[executions_ % kWindow] = milliseconds;
  }
  ++executions_;
}

CoreCounters CounterRecorder::snapshot() const {
  CoreCounters counters;
  counters.executions = executions_;
  counters.failures = failures_;
  counters.timeouts = timeouts_;
  counters.busy = busy_;
  counters.latency_ms = latency_percentiles(latencies_ms_);
  return counters;
}

std::array<double, 7> latency_percentiles(std::vector<float> values) {
  constexpr std::array<double, 7> kRanks{0, 0.01, 0.25, 0.5, 0.75, 0.99, 1};
  std::array<double, 7> result{};
  if (values.empty()) return result;
  std::sort(values.begin(), values.end());
  for (std::size_t i = 0; i < kRanks.size(); ++i) {
    const auto rank = std::lround(kRanks[i] * static_cast<double>(values.size() - 1));
    result[i] = values[static_cast<std::size_t>(rank)];
  }
  return result;
}

}  // namespace rcnn::engine
