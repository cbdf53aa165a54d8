// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/runtime/core_counters.hpp"
#include "engine/runtime/core_pool.hpp"
#include "engine/runtime/job.hpp"

namespace rcnn::engine {

/// What one core runs, how it does, and what it has done.
///
/// Thread safety: thread-bound; the dispatcher's mutex guards it.
struct CoreState {
  using Clock = std::chrono::steady_clock;
  static constexpr int kFailuresInRow = 5;  ///< That take a core out of service

  bool out_of_service() const { return failed_in_row >= kFailuresInRow; }
  /// Runs a program past its timeout, or is out of service.
  bool lost() const { return overdue_since || out_of_service(); }

  void begin(std::shared_ptr<Job> job, Clock::time_point now);
  /// What ran has returned. \param mine  whether that completes it: nobody did so before
  /// \returns as judge()
  std::string finish(Clock::time_point now, bool mine, bool failed);
  /// What runs is overdue, or something waited too long because this core is.
  void count_timeout(const std::string& program);
  /// Counts failures in a row, the last of them that of what runs. \returns what there is to announce, as the
  /// end of a sentence about this core: whether others can take the work over, too.
  std::string judge(bool failed);
  /// All but the queue's depth and the memory.
  CoreStatus status(int id) const;

  bool idle = false;      ///< May be given something to run
  bool has_turn = false;  ///< On the CPUs; not while what runs is overdue
  std::shared_ptr<Job> running;
  Clock::time_point run_began;
  std::optional<Clock::time_point> overdue_since;
  std::uint64_t started = 0;
  int failed_in_row = 0;
  CounterRecorder total;
  std::map<std::string, CounterRecorder> programs;
  std::condition_variable wake;  ///< Something to run, or what runs is claimed by another, or the end
};

}  // namespace rcnn::engine
