// SPDX-License-Identifier: MIT
#pragma once

#include "engine/runtime/core_pool.hpp"

namespace rcnn::pipeline {

/// Runs a program that no core has on a worker of the process's TBB arena, by the same operators as on a
/// core, so with the same result. Returns at once; `execution.done` is called from the worker. It cannot be
/// cancelled: whoever waits for what is under way waits for it. Thread safety: reentrant.
void run_on_host(engine::Execution execution);

}  // namespace rcnn::pipeline
