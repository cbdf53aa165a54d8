// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace rcnn::launch {

/// A process that runs emulated NeuronCores of its own.
struct CoreProcess {
  int pid = 0;
  std::string command;     ///< As the kernel shortens it: up to 15 bytes
  std::vector<int> cores;  ///< Ids of the cores that have started, ascending
};

/// Those of this machine, by pid, as the names of their threads tell ("neuron-core-0"). Processes that end
/// meanwhile or are hidden from this user are left out.
/// Thread safety: reentrant.
std::vector<CoreProcess> core_processes(const std::filesystem::path& proc = "/proc");

}  // namespace rcnn::launch
