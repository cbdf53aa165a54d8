// SPDX-License-Identifier: MIT
#include "launch/trace_file.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "launch/json_file.hpp"

namespace rcnn::launch {
namespace {

using engine::TraceSpan;
using nlohmann::ordered_json;

double microseconds(TraceSpan::Clock::duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

std::optional<TraceSpan::Clock::time_point> first_begin(std::span<const TracedModel> models) {
  std::optional<TraceSpan::Clock::time_point> first;
  for (const auto& model : models) {
    for (const auto& span : model.spans) first = first ? std::min(*first, span.began) : span.began;
  }
  return first;
}

/// Rows of one of the format's processes: threads, numbered as they come.
class Rows {
 public:
  Rows(ordered_json& events, int process, const std::string& name) : events_(events), process_(process) {
    announce("process_name", 0, {{"name", name}});
    announce("process_sort_index", 0, {{"sort_index", process}});
  }

  /// The row of this name, or the next of that name that is free at `began`: viewers know no two things at
  /// once on a row unless one holds the other.
  int row_for(const std::string& name, const TraceSpan& span) {
    auto& lanes = lanes_[name];
    auto lane = std::ranges::find_if(lanes, [&](const Lane& each) { return each.free_from <= span.began; });
    if (lane == lanes.end()) lane = add_lane(name);
    lane->free_from = span.ended;
    return lane->row;
  }
  /// A thread's row: what it did can only lie one within the other.
  int row_of(const std::string& name) {
    const auto& lanes = lanes_[name];
    return lanes.empty() ? add_lane(name)->row : lanes.front().row;
  }

 private:
  struct Lane {
    int row = 0;
    TraceSpan::Clock::time_point free_from;
  };

  std::vector<Lane>::iterator add_lane(const std::string& name) {
    auto& lanes = lanes_[name];
    lanes.push_back({++rows_, {}});
    const auto title = lanes.size() == 1 ? name : name + " (" + std::to_string(lanes.size()) + ")";
    announce("thread_name", rows_, {{"name", title}});
    announce("thread_sort_index", rows_, {{"sort_index", rows_}});
    return std::prev(lanes.end());
  }

  void announce(const char* what, int row, ordered_json args) {
    events_.push_back(
        {{"ph", "M"}, {"name", what}, {"pid", process_}, {"tid", row}, {"args", std::move(args)}});
  }

  ordered_json& events_;
  const int process_;
  int rows_ = 0;
  std::map<std::string, std::vector<Lane>> lanes_;
};

ordered_json arguments(const TraceSpan& span) {
  switch (span.kind) {
    case TraceSpan::Kind::kOperator:
      return {{"operator", span.op}, {"implementation", span.implementation}, {"output", span.shape}};
    case TraceSpan::Kind::kStage:
      return {{"frame", span.frame}};
    default:
      return ordered_json::object();
  }
}

const char* category(TraceSpan::Kind kind) {
  switch (kind) {
    case TraceSpan::Kind::kOperator:
      return "operator";
    case TraceSpan::Kind::kProgram:
      return "program";
    default:
      return "stage";
  }
}

/// Enclosing spans first, so that rows can be given out and viewers nest them.
std::vector<const TraceSpan*> by_begin(const TracedModel& model) {
  std::vector<const TraceSpan*> spans;
  for (const auto& span : model.spans) spans.push_back(&span);
  std::ranges::stable_sort(spans, [](const TraceSpan* a, const TraceSpan* b) {
    return a->began != b->began ? a->began < b->began : a->ended > b->ended;
  });
  return spans;
}

}  // namespace

ordered_json to_trace_events(std::span<const TracedModel> models) {
  auto events = ordered_json::array();
  const auto start = first_begin(models);
  int process = 0;
  for (const auto& model : models) {
    const int threads = ++process;
    Rows thread_rows(events, threads, model.name + ": NeuronCores and host");
    const int stages = ++process;
    Rows stage_rows(events, stages, model.name + ": stages");
    for (const auto* span : by_begin(model)) {
      const bool stage = span->kind == TraceSpan::Kind::kStage;
      events.push_back({{"ph", "X"},
                        {"name", span->name},
                        {"cat", category(span->kind)},
                        {"pid", stage ? stages : threads},
                        {"tid", stage ? stage_rows.row_for(span->row, *span) : thread_rows.row_of(span->row)},
                        {"ts", microseconds(span->began - *start)},
                        {"dur", microseconds(span->ended - span->began)},
                        {"args", arguments(*span)}});
    }
  }
  return {{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}};
}

void write_trace(std::span<const TracedModel> models, const std::filesystem::path& file) {
  write_json(to_trace_events(models), file, -1);
}

}  // namespace rcnn::launch
