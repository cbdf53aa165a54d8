// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>

namespace rcnn::pipeline {

/// Calls body(begin, end) over [0, count) in pieces of about `grain`, spread over the process's TBB arena;
/// returns when all are done. The first exception is rethrown. Call it inside a stage (or anywhere: it enters
/// the arena).
void parallel_ranges(std::size_t count, std::size_t grain,
                     const std::function<void(std::size_t, std::size_t)>& body);

/// Runs `body` inside the process-wide arena (N workers even on one CPU; see DESIGN 3, TBB).
void run_in_arena(const std::function<void()>& body);

/// Has a worker of the arena run `body`, which must not throw, and does not wait.
void enqueue_in_arena(std::function<void()> body);

}  // namespace rcnn::pipeline
