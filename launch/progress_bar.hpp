// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <ostream>
#include <string>

namespace rcnn::launch {

/// One line that is drawn over itself while work goes on. Drawn on terminals only: a log file never sees it.
///
/// Thread safety: none; one thread draws and prints.
class ProgressBar {
 public:
  /// For stderr, enabled where that is a terminal.
  ProgressBar();
  ProgressBar(std::ostream& out, bool enabled,
              std::chrono::milliseconds interval = std::chrono::milliseconds(100));
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Shows `done` of `total` (total <= 0: unknown, no bar) and a note. Redrawn at most once an interval, and
  /// always when done reaches total.
  void update(double done, double total, const std::string& note);
  /// Takes the line away, so that other output starts on a clean one.
  void clear();

 private:
  std::ostream& out_;
  const bool enabled_;
  const std::chrono::milliseconds interval_;
  std::chrono::steady_clock::time_point drawn_at_{};
  bool visible_ = false;
};

}  // namespace rcnn::launch
