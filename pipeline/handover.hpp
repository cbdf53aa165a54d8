// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

namespace rcnn::pipeline {

/// TBB orders what one thread puts before what the next one does with it, but inside a library that
/// ThreadSanitizer cannot see into. These two say the same where it can: hand_over() before work goes to TBB,
/// take_over() first in a body, before even the message is read. One counter for all: a finer one would lie
/// in memory that only take_over() makes safe to read. Thread safety: thread-safe.
inline std::atomic<unsigned> handovers{0};
inline void hand_over() { handovers.fetch_add(1, std::memory_order_acq_rel); }
inline void take_over() { static_cast<void>(handovers.load(std::memory_order_acquire)); }

/// A body that TBB runs: takes over what it was handed, hands over what it made or threw.
class HandedWork {
 public:
  HandedWork() { take_over(); }
  ~HandedWork() { hand_over(); }
  HandedWork(const HandedWork&) = delete;
  HandedWork& operator=(const HandedWork&) = delete;
};

/// A call into TBB that returns when its bodies have ended.
class HandingOut {
 public:
  HandingOut() { hand_over(); }
  ~HandingOut() { take_over(); }
  HandingOut(const HandingOut&) = delete;
  HandingOut& operator=(const HandingOut&) = delete;
};

}  // namespace rcnn::pipeline
