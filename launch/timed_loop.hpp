// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <ostream>
#include <vector>

namespace rcnn::launch {

struct LoopOptions {
  int warm_ups = 50;     ///< Iterations before the clock starts
  int iterations = 100;  ///< Iterations that are timed, at least 1
  int line_every = 10;   ///< A line of progress after so many of either; 0 = none
};

/// What a timed loop came to.
struct LoopResult {
  double p50_ms = 0;  ///< Of an iteration
  double p95_ms = 0;
  double p99_ms = 0;
  double per_second = 0;  ///< Items, over the whole of the timed part
};

/// Keeps the time of a loop that its owner runs: iterations may overlap, so each tells how long it took.
///
/// Thread safety: none.
class TimedLoop {
 public:
  using Clock = std::chrono::steady_clock;

  /// \param items  in one iteration (images of a batch)
  /// \param lines  where lines of progress go; null: nowhere
  TimedLoop(const LoopOptions& options, int items, std::ostream* lines);

  /// Iterations in all, warm-ups included.
  int iterations() const { return options_.warm_ups + options_.iterations; }
  /// One more has ended.
  void ended(Clock::duration took);
  /// Once all have ended.
  LoopResult result() const;

 private:
  const LoopOptions options_;
  const int items_;
  std::ostream* const lines_;
  int ended_ = 0;
  Clock::time_point began_ = Clock::now();
  Clock::time_point last_ = began_;
  std::vector<double> milliseconds_;
};

}  // namespace rcnn::launch
