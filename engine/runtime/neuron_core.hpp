// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "engine/runtime/core_memory.hpp"
#include "engine/runtime/core_pool.hpp"
#include "engine/runtime/dispatcher.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

/// One emulated NeuronCore: a thread with its OpenMP team, resident programs and an arena. The dispatcher
/// says what it runs.
///
/// Thread safety: thread-safe. `mutex_` guards all that changes; it is never held while a program or a
/// callback runs, and no other lock is taken under it but the dispatcher's.
class NeuronCore : public std::enable_shared_from_this<NeuronCore> {
 public:
  using Clock = std::chrono::steady_clock;

  NeuronCore(int id, const CoreSettings& settings, std::shared_ptr<Dispatcher> dispatcher);
  NeuronCore(const NeuronCore&) = delete;
  NeuronCore& operator=(const NeuronCore&) = delete;

  int id() const { return id_; }

  /// Starts the thread, once at the most.
  void start();
  /// Waits until `deadline` for the thread, which ends once the dispatcher has been stopped; a program that
  /// has not returned by then keeps the thread, which touches only what it owns.
  void join(Clock::time_point deadline);

  CoreStatus status() const;

  /// CoreMemory's operations under this core's lock.
  void require_memory(std::span<const ResidentProgram> programs) const;
  void add_resident(std::span<const ResidentProgram> programs);
  void remove_resident(std::span<const ResidentProgram> programs);
  std::size_t memory_used() const;

 private:
  void work();
  void set_up_thread() const;
  void run(Job& job);
  std::exception_ptr execute(Job& job);
  std::string next_fault();
  std::span<std::byte> enter_arena(const Job& job);
  void leave_arena();
  void trim();

  const int id_;
  const int threads_;
  const bool pin_;
  const std::vector<CoreSettings::Fault> faults_;
  const std::shared_ptr<Dispatcher> dispatcher_;

  mutable std::mutex mutex_;
  std::condition_variable exited_changed_;
  bool may_start_ = true;
  bool exited_ = false;
  CoreMemory memory_;
  bool trim_ = false;      ///< The last program went: give the arena back
  bool in_arena_ = false;  ///< A program runs in it: the core's thread alone touches it
  Tensor arena_;
  std::thread thread_;
  std::uint64_t begun_ = 0;  ///< Executions, every n-th of which meets a fault; of the core's thread alone
};

}  // namespace rcnn::engine
