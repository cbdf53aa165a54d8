// SPDX-License-Identifier: MIT
#include "launch/activity.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "launch/table.hpp"
#include "launch/units.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::array<const char*, 7> kPercentiles{"p0", "p1", "p25", "p50", "p75", "p99", "p100"};

double period_of(const Activity& activity) {
  return (activity.after.at("time_ns").get<double>() - activity.before.at("time_ns").get<double>()) * 1e-9;
}

/// The entry of `list` whose `field` is as in `like`; null where there was none yet.
const json* find(const json& list, const char* field, const json& like) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const json& entry) { return entry.at(field) == like.at(field); });
  return found == list.end() ? nullptr : &*found;
}

/// How much a count has grown. A stream or program that was set up anew begins at 0 again.
std::uint64_t grown(const json* before, const json& after, const char* field) {
  const auto now = after.at(field).get<std::uint64_t>();
  const auto then = before == nullptr ? 0 : before->at(field).get<std::uint64_t>();
  return now < then ? now : now - then;
}

/// Percent of the period.
double utilization(const json* before, const json& after, double period) {
  const double busy = static_cast<double>(grown(before, after, "busy_ns")) * 1e-9;
  return period > 0 ? std::clamp(100 * busy / period, 0., 100.) : 0;
}

double rate(const json* before, const json& after, const char* field, double period) {
  return period > 0 ? static_cast<double>(grown(before, after, field)) / period : 0;
}

/// Calls visit(before or null, after) for each core.
template <typename Visit>
void each_core(const Activity& activity, Visit&& visit) {
  for (const auto& core : activity.after.at("neuroncores")) {
    visit(find(activity.before.at("neuroncores"), "id", core), core);
  }
}

/// Calls visit(core, before or null, after) for each program on each core.
template <typename Visit>
void each_program(const Activity& activity, Visit&& visit) {
  each_core(activity, [&](const json* before, const json& core) {
    for (const auto& program : core.at("programs")) {
      visit(core, before == nullptr ? nullptr : find(before->at("programs"), "name", program), program);
    }
  });
}

template <typename Visit>
void each_stream(const Activity& activity, Visit&& visit) {
  for (const auto& stream : activity.after.at("streams")) {
    visit(find(activity.before.at("streams"), "name", stream), stream);
  }
}

ordered_json latency_of(const json& counters) {
  ordered_json latency;
  for (std::size_t i = 0; i < kPercentiles.size(); ++i) {
    latency[kPercentiles[i]] = counters.at("latency_ms").at(i).get<double>() * 1e-3;
  }
  return latency;
}

/// Of the cores that completed something within the period; null where none did. Percentiles of several cores
/// say no more of all together than the least and the most.
ordered_json device_latency_of(const Activity& activity) {
  ordered_json all;
  each_core(activity, [&](const json* before, const json& core) {
    if (grown(before, core, "executions") == 0) return;
    const auto latency = latency_of(core);
    if (all.is_null()) {
      all = latency;
      return;
    }
    const auto number = [](const ordered_json& of, const char* field) { return of.at(field).get<double>(); };
    all = {{"p0", std::min(number(all, "p0"), number(latency, "p0"))},
           {"p100", std::max(number(all, "p100"), number(latency, "p100"))}};
  });
  return all;
}

ordered_json programs_of(const Activity& activity, double period) {
  auto programs = ordered_json::array();
  each_program(activity, [&](const json& core, const json* before, const json& program) {
    programs.push_back({{"name", program.at("name")},
                        {"neuroncore_index", core.at("id")},
                        {"completed", grown(before, program, "executions")},
                        {"completed_with_err", grown(before, program, "failures")},
                        {"timed_out", grown(before, program, "timeouts")},
                        {"queue_depth", program.at("queue_depth")},
                        {"neuroncore_utilization", utilization(before, program, period)},
                        {"device_latency", latency_of(program)}});
  });
  return programs;
}

ordered_json streams_of(const Activity& activity, double period) {
  auto streams = ordered_json::array();
  each_stream(activity, [&](const json* before, const json& stream) {
    ordered_json entry = stream;
    entry["frames_per_second"] = rate(before, stream, "entered", period);
    streams.push_back(std::move(entry));
  });
  return streams;
}

std::string per_second(double value) { return fmt::format("{:.1f}", value); }
std::string milliseconds(double value) { return fmt::format("{:.1f} ms", value); }
std::string number(const json& entry, const char* field) {
  return std::to_string(entry.at(field).get<std::int64_t>());
}
std::string growth(const json* before, const json& after, const char* field) {
  return std::to_string(grown(before, after, field));
}

/// The last part of a path: of an element within its pipeline, of a file.
std::string last_part(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

void print_cores(const Activity& activity, double period, std::ostream& out) {
  Table table({"core>", "state", "busy>", "waiting>", "done/s>", "failed>", "timed out>", "memory>"});
  each_core(activity, [&](const json* before, const json& core) {
    table.add({number(core, "id"), core.at("in_service").get<bool>() ? "in service" : "out of service",
               fmt::format("{:.0f} %", utilization(before, core, period)), number(core, "queue_depth"),
               per_second(rate(before, core, "executions", period)), growth(before, core, "failures"),
               growth(before, core, "timeouts"), format_bytes(core.at("memory_used_bytes").get<double>())});
  });
  table.print(out);
}

void print_programs(const Activity& activity, double period, std::ostream& out) {
  Table table({"program", "core>", "busy>", "waiting>", "done/s>", "median>", "p99>"});
  each_program(activity, [&](const json& core, const json* before, const json& program) {
    const auto& latency = program.at("latency_ms");
    table.add({program.at("name").get<std::string>(), number(core, "id"),
               fmt::format("{:.0f} %", utilization(before, program, period)), number(program, "queue_depth"),
               per_second(rate(before, program, "executions", period)),
               milliseconds(latency.at(3).get<double>()), milliseconds(latency.at(5).get<double>())});
  });
  if (table.empty()) return;
  out << '\n';
  table.print(out);
}

void print_streams(const Activity& activity, double period, std::ostream& out) {
  Table table({"stream", "model", "dispatch", "frames/s>", "in flight>", "waiting>", "dropped>", "failed>",
               "median>"});
  each_stream(activity, [&](const json* before, const json& stream) {
    auto dispatch = stream.at("dispatch").get<std::string>();
    if (dispatch == "priority") dispatch += " " + number(stream, "priority");
    table.add({last_part(stream.at("name").get<std::string>()),
               last_part(stream.at("model").get<std::string>()), dispatch,
               per_second(rate(before, stream, "entered", period)),
               number(stream, "in_flight") + "/" + number(stream, "slots"), number(stream, "queued"),
               growth(before, stream, "dropped"), growth(before, stream, "failed"),
               milliseconds(stream.at("latency_p50_ns").get<double>() * 1e-6)});
  });
  if (table.empty()) return;
  out << '\n';
  table.print(out);
}

}  // namespace

ordered_json to_monitor(const Activity& activity) {
  const double period = period_of(activity);
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t timed_out = 0;
  std::uint64_t memory = 0;
  ordered_json in_use = ordered_json::object();
  each_core(activity, [&](const json* before, const json& core) {
    completed += grown(before, core, "executions");
    failed += grown(before, core, "failures");
    timed_out += grown(before, core, "timeouts");
    memory += core.at("memory_used_bytes").get<std::uint64_t>();
    in_use[number(core, "id")] = {{"neuroncore_utilization", utilization(before, core, period)},
                                  {"queue_depth", core.at("queue_depth")},
                                  {"in_service", core.at("in_service")}};
  });
  const ordered_json executions{
      {"period", period},
      {"error_summary",
       {{"generic", failed},
        {"numerical", 0},
        {"transient", 0},
        {"model", 0},
        {"runtime", 0},
        {"hardware", 0}}},
      {"execution_summary",
       {{"completed", completed},
        {"completed_with_err", failed},
        {"completed_with_num_err", 0},
        {"timed_out", timed_out},
        {"incorrect_input", 0},
        {"failed_to_queue", 0}}},
      {"latency_stats", {{"total_latency", nullptr}, {"device_latency", device_latency_of(activity)}}},
      {"error", ""}};
  return {{"pid", activity.pid},
          {"neuron_runtime_tag", activity.command},
          {"error", ""},
          {"report",
           {{"execution_stats", executions},
            {"memory_used",
             {{"period", period},
              {"neuron_runtime_used_bytes",
               {{"host", activity.after.at("memory_resident_bytes")}, {"neuron_device", memory}}},
              {"error", ""}}},
            {"neuroncore_counters", {{"period", period}, {"neuroncores_in_use", in_use}, {"error", ""}}},
            {"programs", programs_of(activity, period)},
            {"streams", streams_of(activity, period)}}}};
}

void print_tables(const Activity& activity, std::ostream& out) {
  const double period = period_of(activity);
  out << fmt::format("process {} ({}), the last {:.1f} s\n", activity.pid, activity.command, period);
  print_cores(activity, period, out);
  print_programs(activity, period, out);
  print_streams(activity, period, out);
}

}  // namespace rcnn::launch
