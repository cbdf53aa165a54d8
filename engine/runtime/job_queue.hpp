// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/job.hpp"

namespace rcnn::engine {

/// Streams whose executions may share batches: those that run the same programs on the same cores.
///
/// Thread safety: thread-safe.
struct BatchGroup {
  std::atomic<int> admitted{0};  ///< Frames on their way: a batch need not wait for more than there are
};

/// Executions of one program that run one after the other without others between them; open while more may
/// join. It closes at once where it holds as many as it may or as many as are admitted, at its deadline
/// otherwise.
struct Batch {
  std::shared_ptr<const BatchGroup> group;
  int most = 1;
  std::chrono::steady_clock::time_point deadline;
  bool closed = false;
};

/// What waits for one core, and which of it runs next: see DispatchPolicy. A batch takes the place of its
/// first member.
///
/// Thread safety: thread-bound; the core's mutex guards it.
class JobQueue {
 public:
  using Clock = std::chrono::steady_clock;

  /// Puts a job behind the others. With a group and a batch_size above 1 it joins the open batch of its
  /// program, or opens one.
  void push(std::shared_ptr<Job> job, std::shared_ptr<const BatchGroup> group = {});
  /// Whether a batch of this program is open for a group.
  bool collects(const BatchGroup& group, const std::string& program) const;

  /// When something may run: `now`, when a batch closes by itself, or none where nothing waits.
  std::optional<Clock::time_point> ready_at(Clock::time_point now);
  /// Takes out what runs next; null where nothing may run yet.
  std::shared_ptr<Job> take(Clock::time_point now);
  /// Takes out those that `leaves` says, in the order of arrival.
  std::vector<std::shared_ptr<Job>> extract(const std::function<bool(Job&)>& leaves);

  std::size_t size() const { return jobs_.size(); }
  bool empty() const { return jobs_.empty(); }
  std::size_t count(const std::string& program) const;

 private:
  using Place = std::deque<std::shared_ptr<Job>>::iterator;

  bool open(Batch& batch, Clock::time_point now) const;
  int members(const Batch& batch) const;
  std::size_t waited(const Job& job) const;
  /// \param when  set to when a batch that is left out for now closes
  Place choose(Clock::time_point now, std::optional<Clock::time_point>& when);

  std::deque<std::shared_ptr<Job>> jobs_;  ///< In the order of arrival
  std::shared_ptr<Batch> running_;         ///< The rest of it goes first
  std::deque<std::uint64_t> served_;       ///< Streams in the order of their last turn
};

}  // namespace rcnn::engine
