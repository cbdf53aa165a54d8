// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

namespace rcnn::engine {

/// Turns on the CPUs that emulated cores share: where there are more cores than CPUs, programs run in the
/// order in which they asked instead of taking the caches from each other.
///
/// Thread safety: thread-safe. `mutex_` guards all of it; no other lock is taken under it.
class CpuTurns {
 public:
  /// The right to run one program; ends when it is destroyed or moved over. An empty one is no right at all.
  class Turn {
   public:
    Turn() = default;
    Turn(Turn&& other) noexcept = default;
    Turn& operator=(Turn&& other) noexcept;
    ~Turn() { end(); }
    explicit operator bool() const { return turns_ != nullptr; }
    void end();

   private:
    friend class CpuTurns;
    explicit Turn(std::shared_ptr<CpuTurns> turns) : turns_(std::move(turns)) {}
    std::shared_ptr<CpuTurns> turns_;
  };

  /// \param most  turns at a time, 1 and more
  explicit CpuTurns(int most) : free_(most) {}
  CpuTurns(const CpuTurns&) = delete;
  CpuTurns& operator=(const CpuTurns&) = delete;

  /// Waits until all who asked before have had a turn and one is free; empty once `given_up` is true, which
  /// look_again() must follow.
  static Turn take(const std::shared_ptr<CpuTurns>& turns, const std::atomic<bool>& given_up);
  /// Has those who wait look whether they were given up.
  void look_again();
  /// How many wait.
  std::size_t waiting() const;

 private:
  struct Waiter {
    std::condition_variable changed;
    bool granted = false;
  };
  bool wait(const std::atomic<bool>& given_up);
  void give_back();

  mutable std::mutex mutex_;
  int free_;
  std::deque<Waiter*> waiters_;  ///< In the order in which they asked; none while a turn is free
};

}  // namespace rcnn::engine
