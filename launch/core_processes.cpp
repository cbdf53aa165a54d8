// SPDX-License-Identifier: MIT
#include "launch/core_processes.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kThreadName = "neuron-core-";

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string first_line(const fs::path& file) {
  std::string line;
  std::getline(std::ifstream(file), line);
  return line;
}

/// Subfolders named by a number; none where the folder is gone or closed to us.
std::vector<fs::path> numbered(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (number(entry->path().filename().string())) found.push_back(entry->path());
  }
  return found;
}

std::vector<int> cores_of(const fs::path& process) {
  std::vector<int> cores;
  for (const auto& thread : numbered(process / "task")) {
    const auto name = first_line(thread / "comm");
    if (!name.starts_with(kThreadName)) continue;
    if (const auto core = number(std::string_view(name).substr(kThreadName.size()))) cores.push_back(*core);
  }
  std::sort(cores.begin(), cores.end());
  return cores;
}

}  // namespace

std::vector<CoreProcess> core_processes(const fs::path& proc) {
  std::vector<CoreProcess> processes;
  for (const auto& process : numbered(proc)) {
    auto cores = cores_of(process);
    if (cores.empty()) continue;
    const int pid = number(process.filename().string()).value();
    processes.push_back({pid, first_line(process / "comm"), std::move(cores)});
  }
  std::sort(processes.begin(), processes.end(),
            [](const CoreProcess& a, const CoreProcess& b) { return a.pid < b.pid; });
  return processes;
}

}  // namespace rcnn::launch
