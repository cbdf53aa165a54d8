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
/// counts of executions within the period. Beside these, `programs` and `streams`, which neuron-monitor has
/// not.
nlohmann::ordered_json to_monitor(const Activity& activity);

/// The same for people: tables of cores, programs and streams.
void print_tables(const Activity& activity, std::ostream& out);

}  // namespace rcnn::launch
