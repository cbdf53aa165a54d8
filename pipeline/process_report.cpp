// SPDX-License-Identifier: MIT
#include "pipeline/process_report.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/runtime/core_pool.hpp"
#include "pipeline/report_server.hpp"

namespace rcnn::pipeline {
namespace {

using nlohmann::ordered_json;

/// Thread safety: `mutex` guards both, and is held while a stream says how it is.
struct Streams {
  std::mutex mutex;
  std::map<std::uint64_t, PublishedStream::Status> published;
  std::uint64_t last = 0;
};

Streams& streams() {
  static auto* const all = new Streams;  // Never destroyed: elements may go after static objects.
  return *all;
}

std::uint64_t add(PublishedStream::Status status) {
  auto& all = streams();
  const std::lock_guard lock(all.mutex);
  all.published.emplace(++all.last, std::move(status));
  return all.last;
}

ordered_json counters_of(const engine::CoreCounters& counters) {
  return {{"queue_depth", counters.queue_depth}, {"busy_ns", counters.busy.count()},
          {"executions", counters.executions},   {"failures", counters.failures},
          {"timeouts", counters.timeouts},       {"latency_ms", counters.latency_ms}};
}

ordered_json core_of(const engine::CoreStatus& status) {
  ordered_json core = counters_of(status.total);
  core["id"] = status.id;
  core["in_service"] = status.in_service;
  core["memory_used_bytes"] = status.memory_used;
  core["memory_total_bytes"] = status.memory_total;
  core["programs"] = ordered_json::array();
  for (const auto& [name, counters] : status.programs) {
    auto program = counters_of(counters);
    program["name"] = name;
    core["programs"].push_back(std::move(program));
  }
  return core;
}

const char* name_of(engine::DispatchPolicy policy) {
  switch (policy) {
    case engine::DispatchPolicy::kFifo:
      return "fifo";
    case engine::DispatchPolicy::kRoundRobin:
      return "round-robin";
    case engine::DispatchPolicy::kPriority:
      break;
  }
  return "priority";
}

ordered_json stream_of(const StreamStatus& status) {
  return {{"name", status.name},
          {"model", status.model},
          {"dispatch", name_of(status.dispatch)},
          {"priority", status.priority},
          {"entered", status.entered},
          {"dropped", status.dropped},
          {"failed", status.failed},
          {"in_flight", status.in_flight},
          {"slots", status.slots},
          {"queued", status.queued},
          {"latency_p50_ns", status.latency_p50_ns},
          {"latency_p99_ns", status.latency_p99_ns}};
}

/// What /proc/self/statm counts in pages: all of the memory, then what of it is resident.
std::uint64_t resident_bytes() {
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::unique_ptr<ReportServer>& server() {
  static auto* const kept = new std::unique_ptr<ReportServer>;
  return *kept;
}

}  // namespace

PublishedStream::PublishedStream(Status status) : number_(add(std::move(status))) {}

PublishedStream::~PublishedStream() {
  auto& all = streams();
  const std::lock_guard lock(all.mutex);
  all.published.erase(number_);
}

std::string report_name(int pid) { return "neuron-rcnn/" + std::to_string(pid); }

void publish_process() {
  static std::once_flag once;
  std::call_once(once, [] {
    try {
      server() = std::make_unique<ReportServer>(report_name(getpid()), process_report);
      std::atexit([] { server().reset(); });
    } catch (const std::exception& error) {
      spdlog::info("neuron-rcnn top will not see this process: {}", error.what());
    }
  });
}

std::string process_report() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  ordered_json report{{"pid", getpid()},
                      {"memory_resident_bytes", resident_bytes()},
                      {"time_ns", std::chrono::nanoseconds(now).count()},
                      {"neuroncores", ordered_json::array()},
                      {"streams", ordered_json::array()}};
  for (const auto& status : engine::CorePool::process().status()) {
    report["neuroncores"].push_back(core_of(status));
  }
  auto& all = streams();
  const std::lock_guard lock(all.mutex);
  for (const auto& [number, status] : all.published) report["streams"].push_back(stream_of(status()));
  return report.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace rcnn::pipeline
