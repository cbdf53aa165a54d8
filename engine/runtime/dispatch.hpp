// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace rcnn::engine {

/// Whose turn it is when executions of several streams wait for cores.
enum class DispatchPolicy : std::uint8_t {
  kFifo,        ///< As they came
  kRoundRobin,  ///< The streams take turns, however many executions each of them has waiting
  kPriority     ///< As kFifo, behind streams of higher priority and before those of lower
};

/// How an execution wishes to be served. Each stream chooses for itself. Where policies meet, higher priority
/// goes first (0 without kPriority); of equals, what came first, and if its stream takes turns, whichever of
/// these streams is next.
struct Dispatch {
  std::uint64_t stream = 0;  ///< Who submits it: new_stream_id(); 0 where nobody in particular does
  DispatchPolicy policy = DispatchPolicy::kFifo;
  int priority = 0;  ///< With kPriority: higher first, however long others wait
  /// Executions of one program, of any streams, that run on one core without others between them. 1: none.
  int batch_size = 1;
  /// What the first of a batch waits for others at most.
  std::chrono::nanoseconds batch_timeout{0};

  int effective_priority() const { return policy == DispatchPolicy::kPriority ? priority : 0; }
};

/// A number that no other stream of this process has, from 1 on. Thread safety: thread-safe.
std::uint64_t new_stream_id();

}  // namespace rcnn::engine
