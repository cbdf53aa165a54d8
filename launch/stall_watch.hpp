// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace rcnn::launch {

/// Tells for how long nothing has moved, as somebody who looks again and again sees it. A single look counts
/// for a second at most: a process that was suspended has not waited meanwhile. Thread safety: none.
class StallWatch {
 public:
  using Clock = std::chrono::steady_clock;

  explicit StallWatch(Clock::time_point now) : last_(now) {}
  /// \param moved  grows whenever something moves
  void look(std::uint64_t moved, Clock::time_point now);
  /// Begins anew.
  void forget() { still_ = {}; }
  Clock::duration still() const { return still_; }

 private:
  Clock::time_point last_;
  Clock::duration still_{};
  std::uint64_t moved_ = 0;
};

}  // namespace rcnn::launch
