// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>

namespace rcnn::pipeline {

// Thread safety: thread-safe.

/// Calls body(begin, end) over [0, count) in pieces of about `grain`, spread over the process's TBB arena;
/// returns when all are done. `body` is called by several threads at once; the first exception is rethrown.
/// Call it inside a stage (or anywhere: it enters the arena).
void parallel_ranges(std::size_t count, std::size_t grain,
                     const std::function<void(std::size_t, std::size_t)>& body);

/// Runs `body` inside the process-wide arena, which has a worker for each CPU: TBB by itself starts one
/// fewer, none on one CPU. Returns when it is done, with what it threw.
void run_in_arena(const std::function<void()>& body);

/// Has a worker of the arena run `body`, which must not throw, and does not wait.
void enqueue_in_arena(std::function<void()> body);

}  // namespace rcnn::pipeline
