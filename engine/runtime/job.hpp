// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "engine/runtime/core_pool.hpp"

namespace rcnn::engine {

class NeuronCore;
struct Batch;

/// What an execution is told that nobody wants any more.
std::exception_ptr cancelled_error();

/// One execution on its way through a core. Whoever claims it first (core, watchdog, canceller) completes it.
///
/// Thread safety: thread-safe. `done` belongs to the claimer; the rest of the execution to the core's thread
/// once it has taken the job from the queue, to whoever took it out of the queue otherwise.
class Job final : public ExecutionTicket {
 public:
  /// Queues a job that its core cannot serve on the core that serves it best; false if nobody can say which.
  using Mover = std::function<bool(const std::shared_ptr<Job>&)>;

  Job(std::string program_name, Execution work, Mover mover);

  void cancel() override;
  /// Calls the mover, if there is one. Never with a lock held.
  static bool move(const std::shared_ptr<Job>& job);
  void set_core(std::weak_ptr<NeuronCore> core);

  /// True for exactly one caller, who must then call complete().
  bool claim() { return !claimed_.exchange(true); }
  bool claimed() const { return claimed_.load(); }
  /// Calls `done`. Never call it with a lock held: `done` may submit the next execution.
  void complete(std::exception_ptr error) noexcept;
  /// Lets go of tensors and executable: a ticket may be kept long after. Never with a lock held either.
  void release() { execution = {}; }

  const std::string program;
  const std::chrono::steady_clock::time_point submitted = std::chrono::steady_clock::now();
  Execution execution;
  std::shared_ptr<Batch> batch;  ///< While it waits: its queue's; null where it runs alone

 private:
  const Mover mover_;
  std::function<void(std::exception_ptr)> done_;
  std::atomic<bool> claimed_{false};
  std::mutex mutex_;  ///< Guards core_; taken under the core's own
  std::weak_ptr<NeuronCore> core_;
};

}  // namespace rcnn::engine
