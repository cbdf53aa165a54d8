// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "engine/runtime/core_counters.hpp"
#include "engine/runtime/core_memory.hpp"
#include "engine/runtime/core_pool.hpp"
#include "engine/runtime/cpu_turns.hpp"
#include "engine/runtime/job_queue.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

/// One emulated NeuronCore: a thread with its OpenMP team, a queue, resident programs, an arena, counters.
///
/// Thread safety: thread-safe. `mutex_` guards all that changes; it is never held while a program or a
/// callback runs or while a turn is waited for or ended, and no other lock is taken under it.
class NeuronCore : public std::enable_shared_from_this<NeuronCore> {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr int kFailuresInRow = 5;  ///< That take a core out of service

  /// `started` is called, without a lock held, whenever a deadline may have come into being. A program runs
  /// when it has a turn of `turns`, none: at once. Until then it waits in the queue like any other.
  NeuronCore(int id, const CoreSettings& settings, std::function<void()> started,
             std::shared_ptr<CpuTurns> turns = {});
  NeuronCore(const NeuronCore&) = delete;
  NeuronCore& operator=(const NeuronCore&) = delete;

  int id() const { return id_; }

  /// Starts the thread unless it runs already.
  void start();
  /// Completes everything with CancelledError, refuses new work and waits for the thread until `deadline`; a
  /// program that has not returned by then keeps the thread, which touches only what it owns.
  void stop(Clock::time_point deadline);

  /// queue() and settle() in one.
  std::shared_ptr<Job> submit(const std::string& program, Execution execution);
  /// Puts a job into the queue, calling nobody. settle() must follow, with no lock held. `group`: whose
  /// batches it may join.
  struct Queued {
    std::shared_ptr<Job> job;
    bool accepted = false;  ///< False once stopped
  };
  Queued queue(const std::string& program, Execution execution, std::shared_ptr<const BatchGroup> group = {},
               Job::Mover mover = {});
  /// The same for a job that another core gave away, which left its batch there.
  Queued queue(std::shared_ptr<Job> job, std::shared_ptr<const BatchGroup> group = {});
  /// Whether an execution of this program would join a batch here.
  bool collects(const BatchGroup& group, const std::string& program) const;
  /// A batch may have become complete by what is not in the queue.
  void look_again();
  /// If this core is lost, gives what waits to other cores; what none of them takes waits on.
  void give_away();
  /// Refuses the job if it was not accepted, tells the watchdog otherwise.
  void settle(const Queued& queued);
  /// Drops a claimed job if it still waits; wakes an injected "stuck" that waits for just that.
  void forget(const Job& job);

  /// How good a choice this core is for the next execution: lower is better.
  struct Load {
    bool lost = false;      ///< Runs a program past its timeout, or is out of service
    std::size_t depth = 0;  ///< Waiting, plus one if one runs
    std::uint64_t started = 0;
    auto operator<=>(const Load&) const = default;
  };
  Load load() const;

  /// Completes with TimeoutError what ran (or waited behind an overdue program) for too long.
  /// \returns when to look again.
  std::optional<Clock::time_point> expire(Clock::time_point now);

  CoreStatus status() const;

  /// CoreMemory's operations under this core's lock.
  void require_memory(std::span<const ResidentProgram> programs) const;
  void add_resident(std::span<const ResidentProgram> programs);
  void remove_resident(std::span<const ResidentProgram> programs);
  std::size_t memory_used() const;

 private:
  void work();
  bool wait_for_turn(std::unique_lock<std::mutex>& lock);
  void end_turn(std::unique_lock<std::mutex>& lock);
  void set_up_thread() const;
  void run(std::shared_ptr<Job> job, std::unique_lock<std::mutex>& lock);
  std::exception_ptr execute(Job& job, const std::string& fault);
  std::span<std::byte> arena_of(const Job& job);
  void record(const Job& job, std::chrono::nanoseconds took, bool mine, bool failed);
  bool out_of_service() const { return failed_in_row_ >= kFailuresInRow; }
  bool lost() const { return overdue_since_ || out_of_service(); }
  std::string judge(bool failed);
  void time_out(Job& job, const std::string& what) const;
  std::string next_fault();
  CounterRecorder& recorder(const std::string& program) { return programs_[program]; }

  const int id_;
  const int threads_;
  const bool pin_;
  const std::chrono::milliseconds timeout_;
  const std::vector<CoreSettings::Fault> faults_;
  const std::function<void()> started_callback_;
  const std::shared_ptr<CpuTurns> turns_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;  ///< Work, trimming, stopping, or a job claimed by another
  std::condition_variable exited_changed_;
  JobQueue queue_;
  std::shared_ptr<Job> running_;
  CpuTurns::Turn turn_;  ///< Of what runs, unless it is overdue; ended without the lock
  Clock::time_point run_began_;
  std::optional<Clock::time_point> overdue_since_;
  std::uint64_t started_ = 0;  ///< Executions begun; every n-th of them meets a fault
  int failed_in_row_ = 0;
  bool trim_ = false;                  ///< The last program went: give the arena back
  std::atomic<bool> stopping_{false};  ///< Read by `turns_`, too
  bool exited_ = false;
  CoreMemory memory_;
  CounterRecorder total_;
  std::map<std::string, CounterRecorder> programs_;
  Tensor arena_;  ///< The core's thread alone touches it
  std::thread thread_;
};

}  // namespace rcnn::engine
