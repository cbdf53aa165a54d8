// SPDX-License-Identifier: MIT
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "engine/errors.hpp"
#include "engine/runtime/core_pool.hpp"
#include "engine/runtime/processor.hpp"
#include "launch/diagnostics.hpp"
#include "launch/doctor_checks.hpp"
#include "launch/units.hpp"

namespace rcnn::launch {
namespace {

/// What detect needs for a ResNet-50 at 800x800 with four frames in flight.
constexpr double kUsualNeed = 1e9;

struct Variable {
  const char* name;
  const char* meaning;
  const char* unset;  ///< What holds without it
};
constexpr std::array kVariables{
    Variable{"NEURON_RT_VISIBLE_CORES", "ids of the cores", "see next line"},
    Variable{"NEURON_RT_NUM_CORES", "number of cores", "as many as hardware threads allow"},
    Variable{"NEURONCORE_GROUP_SIZES", "sizes of groups of cores", "as it should be"},
    Variable{"NEURON_RT_EXEC_TIMEOUT", "seconds a program may run", "30"},
    Variable{"NEURON_EMU_THREADS_PER_CORE", "threads of a core", "1"},
    Variable{"NEURON_EMU_CORE_MEMORY", "MiB of a core", "4096"},
    Variable{"NEURON_EMU_PIN", "1 pins cores to processors", "0"},
    Variable{"NEURON_EMU_PRECISION", "1 rounds values of bf16 and int8 models as such products would", "0"},
    Variable{"NEURON_EMU_ISA", "best instruction set of host operators and Winograd's", "this processor's"},
    Variable{"NEURON_EMU_FAULT", "failures on purpose, for tests", "none"},
};

Check check_variable(const Variable& variable) {
  const char* value = std::getenv(variable.name);
  const bool set = value != nullptr && *value != '\0';
  Check check{Health::kOk, variable.name, "", ""};
  check.found = set ? fmt::format("{}: {}", variable.meaning, value)
                    : fmt::format("{}: unset, {}", variable.meaning, variable.unset);
  if (set && std::string_view(variable.name) == "NEURON_EMU_FAULT") {
    check.health = Health::kWarn;
    check.advice = "unset it unless failures are wanted";
  }
  if (set && std::string_view(variable.name) == "NEURONCORE_GROUP_SIZES") {
    check.health = Health::kWarn;
    check.advice = "deprecated: set NEURON_RT_NUM_CORES or NEURON_RT_VISIBLE_CORES, which win";
  }
  if (set && std::string_view(variable.name) == "NEURON_RT_NUM_CORES") {
    const char* visible = std::getenv("NEURON_RT_VISIBLE_CORES");
    if (visible != nullptr && *visible != '\0') check.found += " (NEURON_RT_VISIBLE_CORES wins)";
  }
  return check;
}

void add_unknown_variables(Checks& checks) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const auto name = text.substr(0, text.find('='));
    if (!name.starts_with("NEURON_")) continue;
    const bool known = std::any_of(kVariables.begin(), kVariables.end(),
                                   [&](const Variable& variable) { return name == variable.name; });
    if (known) continue;
    checks.push_back(
        {Health::kWarn, name, "has no effect here", "unset it, or give one of those listed above"});
  }
}

Check check_core_settings() {
  try {
    const auto settings = engine::CoreSettings::from_environment();
    const auto threads = settings.cores.size() * static_cast<std::size_t>(settings.threads_per_core);
    Check check{Health::kOk, "NeuronCores",
                fmt::format("{} (ids {}), {} each, {} each", plural(settings.cores.size(), "core"),
                            fmt::join(settings.cores, ","),
                            plural(static_cast<std::uint64_t>(settings.threads_per_core), "thread"),
                            format_bytes(static_cast<double>(settings.memory_bytes))),
                ""};
    const auto hardware = static_cast<std::size_t>(engine::allowed_cpus());
    if (threads > hardware) {
      check.health = Health::kWarn;
      check.advice = fmt::format("{} threads share {} hardware threads: set fewer cores", threads, hardware);
    }
    return check;
  } catch (const engine::SettingError& error) {
    return {Health::kFail, "NeuronCores", one_line(error.what()), "correct or unset that variable"};
  }
}

/// Bytes that new work may take: what the system has left, within the limit of this process's group if it has
/// one.
std::optional<double> available_memory() {
  std::optional<double> available;
  std::ifstream meminfo("/proc/meminfo");
  for (std::string line; std::getline(meminfo, line);) {
    constexpr std::string_view kKey = "MemAvailable:";
    if (line.starts_with(kKey)) available = std::stod(line.substr(kKey.size())) * 1024;
  }
  double limit = 0;
  if (std::ifstream("/sys/fs/cgroup/memory.max") >> limit)
    available = std::min(available.value_or(limit), limit);
  return available;
}

Check check_memory() {
  const auto available = available_memory();
  if (!available) return {Health::kWarn, "memory", "cannot be told on this system", ""};
  Check check{Health::kOk, "memory", format_bytes(*available) + " available", ""};
  if (*available < kUsualNeed) {
    check.health = Health::kWarn;
    check.advice = "a ResNet-50 with four frames in flight takes 1 GB: lower --max-in-flight or free some";
  }
  return check;
}

}  // namespace

Checks check_cores() {
  Checks checks{check_core_settings(), check_memory()};
  for (const auto& variable : kVariables) checks.push_back(check_variable(variable));
  add_unknown_variables(checks);
  return checks;
}

}  // namespace rcnn::launch
