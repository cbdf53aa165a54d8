// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "elements/entrance.hpp"
#include "pipeline/stage_graph.hpp"

namespace rcnn::elements {

/// What an element has done since it went to PAUSED. Buffers that a flush discarded are in `in` alone.
struct StageStats {
  std::uint64_t in = 0;             ///< Buffers that came
  std::uint64_t out = 0;            ///< Buffers pushed
  std::uint64_t failed = 0;         ///< Frames on which this element failed
  std::uint64_t dropped_error = 0;  ///< Of these, not pushed (on-error=drop, stop)
  pipeline::GraphCounters graph = {};
  std::optional<EntranceCounters> entrance = {};  ///< Where the element has the first stage
};

/// The `stats` property: "neuronrcnn-stats" with
///
///   in, out, failed, dropped-error                              guint64  buffers
///   dropped-newest, -oldest, -late, -qos                        guint64  buffers; first stage only
///   in-flight  gint   frames between the entrance and the last push; first stage only
///   pool-misses  guint64  blocks of memory allocated for tensors; flat in steady state, for frames reuse
///                         them; first stage only
///   queued     gint   buffers and events in this element
///   p50, p95, p99     guint64  ns from entry to leaving the reorder, over the last 1,024 frames
///   cores      GstValueArray of "core" {id, busy (ns), executions, failures, timeouts, queue-depth,
///              in-service}: those that the model is on, with all that they ran in this process; first stage
///              only
///
/// The caller owns it. Thread safety: reentrant.
GstStructure* structure_of(const StageStats& stats);

}  // namespace rcnn::elements
