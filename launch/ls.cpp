// SPDX-License-Identifier: MIT
// ls: the NeuronCores of this environment, and the processes that run some; fields named as neuron-ls names
// them.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/runtime/core_pool.hpp"
#include "launch/commands.hpp"
#include "launch/core_processes.hpp"
#include "launch/diagnostics.hpp"
#include "launch/table.hpp"
#include "launch/units.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::ordered_json;

std::size_t memory_of(const engine::CoreSettings& settings) {
  return settings.memory_bytes * settings.cores.size();
}

/// One emulated device, on no bus and connected to none.
void print_json(const engine::CoreSettings& settings, const std::vector<CoreProcess>& processes) {
  auto list = ordered_json::array();
  for (const auto& process : processes) {
    list.push_back({{"pid", process.pid}, {"command", process.command}, {"neuroncore_ids", process.cores}});
  }
  const ordered_json device{{"neuron_device", 0},
                            {"bdf", ""},
                            {"connected_to", ordered_json::array()},
                            {"nc_count", settings.cores.size()},
                            {"neuroncore_ids", settings.cores},
                            {"memory_size", memory_of(settings)},
                            {"neuron_processes", std::move(list)}};
  std::cout << ordered_json::array({device}).dump(2, ' ', false, ordered_json::error_handler_t::replace)
            << '\n';
}

void print_tables(const engine::CoreSettings& settings, const std::vector<CoreProcess>& processes) {
  Table device({"neuron device>", "neuron cores>", "core ids", "threads a core>", "memory>"});
  device.add({"0", std::to_string(settings.cores.size()), fmt::format("{}", fmt::join(settings.cores, ",")),
              std::to_string(settings.threads_per_core),
              format_bytes(static_cast<double>(memory_of(settings)))});
  device.print(std::cout);
  std::cout << '\n';
  if (processes.empty()) {
    std::cout << "No process runs NeuronCores now.\n";
    return;
  }
  Table table({"pid>", "command", "core ids"});
  for (const auto& process : processes) {
    table.add(
        {std::to_string(process.pid), process.command, fmt::format("{}", fmt::join(process.cores, ","))});
  }
  table.print(std::cout);
}

int ls(bool json) {
  const auto settings = engine::CoreSettings::from_environment();
  if (!settings.deprecation.empty()) print_error("warning: " + settings.deprecation);
  const auto processes = core_processes();
  if (json) {
    print_json(settings, processes);
  } else {
    print_tables(settings, processes);
  }
  return kDone;
}

}  // namespace

Command add_ls(CLI::App& program) {
  auto json = std::make_shared<bool>(false);
  auto* app = program.add_subcommand("ls", "List the NeuronCores there are and the processes that run some");
  app->add_flag("--json", *json, "Print the list as JSON, fields named as neuron-ls names them");
  app->footer(
      "The cores are emulated: each process has its own, as NEURON_RT_VISIBLE_CORES and NEURON_RT_NUM_CORES "
      "say.");
  return {app, [json] { return ls(*json); }};
}

}  // namespace rcnn::launch
