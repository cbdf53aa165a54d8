// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace rcnn::engine {

/// One thread that looks after deadlines: calls `check(now)`, sleeps until the time it returned, again.
///
/// Thread safety: thread-safe; `mutex_` guards the flags and is held during no call out.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;
  /// Deals with deadlines that have passed; returns the next one, none if there is none.
  using Check = std::function<std::optional<Clock::time_point>(Clock::time_point now)>;

  explicit Watchdog(Check check);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Starts the thread unless it runs already.
  void start();
  /// There is a new deadline. The thread wakes only where it is earlier than the one that it sleeps for.
  void arm(Clock::time_point deadline);
  /// Ends and joins the thread.
  void stop();

 private:
  static constexpr auto kNever = Clock::time_point::max();

  void watch();
  void sleep(std::unique_lock<std::mutex>& lock);

  const Check check_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Clock::time_point next_ = kNever;  ///< When to look again
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace rcnn::engine
