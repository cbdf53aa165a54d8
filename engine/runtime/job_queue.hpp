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

/// Executions of one program that run one after the other on one core without others between them; open while
/// more may join. It closes at once where it holds as many as it may, or where all frames that are
/// admitted wait and none has waited longer; at its deadline otherwise.
struct Batch {
  std::shared_ptr<const BatchGroup> group;
  int most = 1;
  std::chrono::steady_clock::time_point deadline;
  bool closed = false;
  std::optional<int> core{};  ///< That it has begun on
};

/// What waits for the cores of a pool, and which of it runs next: see DispatchPolicy. A batch takes the place
/// of its first member; of one that has begun, the rest goes first.
///
/// Thread safety: thread-bound; the dispatcher's mutex guards it.
class JobQueue {
 public:
  using Clock = std::chrono::steady_clock;
  /// The core that would run a job now, of a batch that has begun the same one; none where that is not free.
  using Chooser = std::function<std::optional<int>(const Job&)>;

  /// Puts a job behind the others. With a group and a batch_size above 1 it joins the open batch of its
  /// program, or opens one.
  void push(std::shared_ptr<Job> job, std::shared_ptr<const BatchGroup> group = {});

  struct Next {
    std::shared_ptr<Job> job;
    int core;
  };
  /// Takes out what runs next and says where; none where nothing may run now.
  std::optional<Next> take(Clock::time_point now, const Chooser& core_for);
  /// When the first of the batches closes that are open now, if no more join.
  std::optional<Clock::time_point> closes(Clock::time_point now);
  /// What is left of a batch that has begun on this core may run anywhere.
  void free_batch_of(int core);
  /// Takes out those that `leaves` says, in the order of arrival.
  std::vector<std::shared_ptr<Job>> extract(const std::function<bool(Job&)>& leaves);
  /// In the order of arrival.
  const std::deque<std::shared_ptr<Job>>& jobs() const { return jobs_; }

 private:
  bool open(Batch& batch, Clock::time_point now) const;
  int members(const Batch& batch) const;
  bool stuck_behind(const Batch& batch) const;
  std::size_t waited(const Job& job) const;
  bool goes_before(const Job& job, const Job& earlier) const;
  void note_turn(std::uint64_t stream);

  std::deque<std::shared_ptr<Job>> jobs_;  ///< In the order of arrival
  std::deque<std::uint64_t> served_;       ///< Streams in the order of their last turn
};

}  // namespace rcnn::engine
