// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/core_pool.hpp"

namespace rcnn::engine {

class Dispatcher;
struct Batch;

/// What an execution is told that nobody wants any more. Thread safety: thread-safe.
std::exception_ptr cancelled_error();

/// One execution on its way to a core and through it. Whoever claims it first (core, watchdog, canceller)
/// completes it.
///
/// Thread safety: thread-safe. `done` belongs to the claimer; the rest of the execution to the core's thread
/// once it runs there, to whoever took it out of the queue otherwise.
class Job final : public ExecutionTicket {
 public:
  /// \param core_ids  that it may run on \param dispatcher  in whose queue it is going to wait
  Job(std::string program_name, std::vector<int> core_ids, Execution work,
      std::weak_ptr<Dispatcher> dispatcher);

  void cancel() override;

  /// True for exactly one caller, who must then call complete().
  bool claim() { return !claimed_.exchange(true); }
  bool claimed() const { return claimed_.load(); }
  /// Calls `done`. Never call it with a lock held: `done` may submit the next execution.
  void complete(std::exception_ptr error) noexcept;
  /// Lets go of tensors and executable: a ticket may be kept long after. Never with a lock held either.
  void release() { execution = {}; }

  const std::string program;
  const std::vector<int> cores;
  const std::chrono::steady_clock::time_point submitted = std::chrono::steady_clock::now();
  Execution execution;
  std::shared_ptr<Batch> batch;  ///< While it waits: its queue's; null where it runs alone

 private:
  const std::weak_ptr<Dispatcher> dispatcher_;
  std::function<void(std::exception_ptr)> done_;
  std::atomic<bool> claimed_{false};
};

}  // namespace rcnn::engine
