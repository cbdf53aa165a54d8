// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

namespace rcnn::pipeline {

/// Runs a program for the first time. A core that fails is no reason not to begin while others do well: it is
/// asked again, or another one, as often as takes each of them out of service. Where they do not come back in
/// time, once for each core.
///   cores  that hold the program
///   run    executes it once and waits for that. \throws engine::Error
/// \returns how long the run took that did well \throws what the last run threw. Thread safety: reentrant.
std::chrono::nanoseconds warm_up(std::size_t cores, const std::function<void()>& run);

}  // namespace rcnn::pipeline
