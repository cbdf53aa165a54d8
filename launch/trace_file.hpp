// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/runtime/trace.hpp"

namespace rcnn::launch {

/// What one model's frames took.
struct TracedModel {
  std::string name;
  std::vector<engine::TraceSpan> spans;
};

/// In the Trace Event Format's JSON form, which ui.perfetto.dev and chrome://tracing open: a process of rows
/// per NeuronCore and host thread and one of rows per stage for each model; programs hold their operators.
/// Frames that are in a stage at once are on as many rows of it. Times are microseconds since the first span.
/// Thread safety: reentrant.
nlohmann::ordered_json to_trace_events(std::span<const TracedModel> models);

/// Thread safety: as PipeReader. \throws engine::Error if the file cannot be written; none is left then.
void write_trace(std::span<const TracedModel> models, const std::filesystem::path& file);

}  // namespace rcnn::launch
