// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <ostream>
#include <vector>

namespace rcnn::launch {

struct LoopOptions {
  int warm_ups = 8;      ///< Iterations before the clock starts
  int iterations = 100;  ///< Iterations that a result is of, at least 1
  int line_every = 10;   ///< A line of progress after so many of either; 0 = none
  /// What the throughputs of the three thirds of these may differ by, as a share of the lowest; while they
  /// differ by more, the oldest third gives way to as many further iterations. 0: the first iterations count.
  double most_spread = 0;
};

/// What a timed loop came to.
struct LoopResult {
  double p50_ms = 0;  ///< Of an iteration
  double p95_ms = 0;
  double p99_ms = 0;
  double per_second = 0;  ///< Items, over the whole of the timed part
  int samples = 0;        ///< Iterations of the timed part
  double seconds = 0;     ///< That it took
  /// What LoopOptions::most_spread bounds, if it could; none where it was 0 or there are no three iterations.
  std::optional<double> spread;
};

/// Keeps the time of a loop that its owner runs: iterations may overlap, so each tells how long it took.
///
/// Thread safety: none.
class TimedLoop {
 public:
  using Clock = std::chrono::steady_clock;
  /// No more than so many times the iterations that were asked for are timed.
  static constexpr int kMostRounds = 5;

  /// \param items  in one iteration (images of a batch)
  /// \param lines  where lines of progress go; null: nowhere
  TimedLoop(const LoopOptions& options, int items, std::ostream* lines);

  /// Enough have ended.
  bool done() const { return done_; }
  /// One more has ended. Once done they are not looked at.
  void ended(Clock::duration took);
  /// Once done.
  LoopResult result() const;

 private:
  struct Iteration {
    double ms;
    Clock::time_point end;
  };
  /// Between the ends of two iterations; -1: of the last warm-up.
  double seconds(int from, int to) const;
  /// Of the three thirds of the last iterations that were asked for.
  double spread() const;
  bool enough() const;
  void show(int timed) const;

  const LoopOptions options_;
  const int items_;
  std::ostream* const lines_;
  int warmed_up_ = 0;
  Clock::time_point began_ = Clock::now();
  std::vector<Iteration> timed_;
  bool done_ = false;
};

}  // namespace rcnn::launch
