// SPDX-License-Identifier: MIT
#pragma once

#include <time.h>

namespace rcnn::bench {

/// Milliseconds that this process has had a processor. For work of one thread: what else the machine
/// does takes caches and bandwidth from it, but not time. Thread safety: thread-safe.
inline double processor_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

}  // namespace rcnn::bench
