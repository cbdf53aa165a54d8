// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/core_pool.hpp"
#include "engine/runtime/core_state.hpp"
#include "engine/runtime/cpu_turns.hpp"
#include "engine/runtime/job_queue.hpp"
#include "engine/runtime/watchdog.hpp"

namespace rcnn::engine {

/// What waits for the cores of a pool, and which of them runs it. An execution waits for all cores that hold
/// its program and is given to one when that begins it: the one that is free first, of several the one that
/// has begun the fewest (ties: the lowest id). No core that is lost gets any unless all that hold the
/// program are.
///
/// Thread safety: thread-safe. `mutex_` guards all that changes but the watchdog; it is never held while a
/// program or a callback runs, and no other lock is taken under it.
class Dispatcher : public std::enable_shared_from_this<Dispatcher> {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Dispatcher(const CoreSettings& settings);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// From now on somebody looks after deadlines.
  void start() { watchdog_.start(); }
  /// Completes everything with CancelledError and refuses new work.
  void stop();

  /// Queues an execution. \param cores  that hold the program \param group  whose batches it may join
  std::shared_ptr<Job> submit(const std::string& program, const std::vector<int>& cores, Execution execution,
                              std::shared_ptr<const BatchGroup> group = {});
  /// Drops a claimed job if it still waits; wakes an injected "stuck" that waits for just that.
  void forget(const Job& job);
  /// A batch may have become complete by what is not in the queue.
  void look_again();

  /// The core's thread is about to ask for work, so it may be given some.
  void open(int core);
  /// Called by a core's thread: waits for what it runs next. Null: it is to end.
  std::shared_ptr<Job> next(int core);
  /// The core's program has returned, so it may be given the next. \param mine  whether that completes it:
  /// nobody did so before \returns what there is to announce, as the end of a sentence about this core.
  std::string finished(int core, bool mine, bool failed);
  /// Called by a core's thread: hangs, as a device may, until somebody claims what it runs.
  void hang(int core);

  /// Completes with TimeoutError what ran, or waited for overdue programs alone, for too long, and deals out
  /// batches that have waited long enough. \returns when to look again.
  std::optional<Clock::time_point> expire(Clock::time_point now);

  /// Shows a program among a core's, with zeros.
  void list_program(int core, const std::string& program);
  /// All but the memory.
  CoreStatus status(int core) const;

 private:
  struct TimedOut {
    int core;
    std::shared_ptr<Job> job;
    std::string why;
    void complete() const;
  };

  void settle(std::unique_lock<std::mutex> lock);
  void deal(Clock::time_point now);
  std::optional<int> core_for(const Job& job) const;
  void end_turn(int core);
  std::vector<TimedOut> overrun(Clock::time_point now);
  std::vector<TimedOut> stranded(Clock::time_point now);
  std::optional<Clock::time_point> deadline_of(const Job& job) const;
  std::optional<Clock::time_point> next_deadline(Clock::time_point now);

  const std::chrono::milliseconds timeout_;

  mutable std::mutex mutex_;
  JobQueue queue_;
  std::map<int, CoreState> cores_;  ///< By id; the map itself never changes
  CpuTurns turns_;
  bool stopping_ = false;

  Watchdog watchdog_;  ///< Last: its thread is gone before what it looks at
};

}  // namespace rcnn::engine
