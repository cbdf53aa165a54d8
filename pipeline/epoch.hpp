// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "engine/runtime/core_pool.hpp"
#include "pipeline/graph_statistics.hpp"
#include "pipeline/stage_graph.hpp"

namespace rcnn::pipeline {

/// The items between two flushes: their numbers, the reorder buffer, the executions they wait for. Shared by
/// the graph and its items, so that what comes back late finds its own epoch, dead, and nobody else's buffer.
///
/// Thread safety: thread-safe. `mutex_` guards all that changes; neither payloads nor executions are touched
/// under it.
class Epoch {
 public:
  Epoch(int max_items, std::shared_ptr<GraphStatistics> statistics);

  /// Gives the item the next number. Waits while max_items are inside; false once dead.
  bool enter(Item& item);
  /// Takes an item back, at its place in the order; drops it if the epoch is dead.
  void finish(std::unique_ptr<Item> item);
  /// The next item in order; waits for it. Null once dead.
  std::unique_ptr<Item> leave();
  /// The item that leave() gave last has been passed on.
  void passed_on();
  /// Waits until all that had entered when this was called has been passed on; false once dead.
  bool wait_drained();

  /// Wakes everybody, drops what waits, cancels executions. Does not wait for any of it.
  void kill();
  bool dead() const { return dead_.load(std::memory_order_acquire); }
  int inside() const;

  /// An execution is about to be submitted, for which hold() may be called until drop() is, in this order or
  /// not: it may end before its submitter gets to hold it.
  void expect(std::uint64_t number, StageId stage);
  /// What kill() cancels. Forgotten where drop() came first; cancelled at once where kill() did.
  void hold(std::uint64_t number, StageId stage, std::shared_ptr<engine::ExecutionTicket> ticket);
  void drop(std::uint64_t number, StageId stage);

 private:
  using Place = std::pair<std::uint64_t, StageId>;

  const std::uint64_t max_items_;
  const std::shared_ptr<GraphStatistics> statistics_;
  std::atomic<bool> dead_{false};  ///< Written under the lock, read by bodies without it

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t entered_ = 0;   ///< Also the next number to give
  std::uint64_t in_order_ = 0;  ///< Moved to ready_; also the number that comes next
  std::uint64_t left_ = 0;
  std::uint64_t passed_on_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Item>> early_;  ///< Finished before their turn
  std::deque<std::unique_ptr<Item>> ready_;
  std::map<Place, std::shared_ptr<engine::ExecutionTicket>> executions_;  ///< Null until held
};

}  // namespace rcnn::pipeline
