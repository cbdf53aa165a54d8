// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

namespace rcnn::launch {

/// What a process did between two of its reports (pipeline/process_report.hpp): what `top` shows of it.
struct Activity {
  int pid = 0;
  std::string command;
  nlohmann::json before;  ///< Reports of the same process, the later one second
  nlohmann::json after;
};

/// One process as neuron-monitor's "neuron_runtime_data" has it: {pid, neuron_runtime_tag, error, report:
/// {execution_stats, memory_used, neuroncore_counters}}; period and latencies in s, utilization in percent,
/// counts of executions within the period. Failures are "generic": their causes are not told apart. What
/// emulated cores never meet is 0 (ECC errors; inputs are checked before they are queued, queues have no
/// limit), as are numeric errors, which nothing looks for. "device_latency" is of up to 1,024 last executions
/// of each core, with p0 and p100 alone where several ran some: their percentiles do not add up;
/// "total_latency", with the wait for a core, is null: no process says it. "host" is all of the process's
/// resident memory, where the emulated cores keep theirs, too. Beside these, `programs` and `streams`, which
/// neuron-monitor has not. Thread safety: reentrant, as print_tables(). \throws nlohmann::json::exception for
/// reports that lack a field, as print_tables().
nlohmann::ordered_json to_monitor(const Activity& activity);

/// The same for people: tables of cores, programs and streams.
void print_tables(const Activity& activity, std::ostream& out);

}  // namespace rcnn::launch
