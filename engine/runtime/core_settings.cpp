// SPDX-License-Identifier: MIT
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "engine/errors.hpp"
#include "engine/runtime/core_pool.hpp"
#include "engine/runtime/processor.hpp"
#include "engine/simd/instruction_sets.hpp"

namespace rcnn::engine {
namespace {

constexpr int kMaxCores = 128;  // More than any instance has; bounds what a slip of the finger can start.

std::string environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

template <typename Number>
bool parse_number(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

/// A whole number within [low, high]; `fallback` where the variable is unset or empty.
int whole_number(const char* variable, int low, int high, int fallback) {
  const auto text = environment(variable);
  if (text.empty()) return fallback;
  int value = 0;
  if (!parse_number(text, value) || value < low || value > high) {
    throw SettingError(std::string(variable) + "='" + text + "': expected a whole number from " +
                       std::to_string(low) + " to " + std::to_string(high) + "; correct or unset it");
  }
  return value;
}

std::chrono::milliseconds timeout_from_environment() {
  const char* variable = "NEURON_RT_EXEC_TIMEOUT";
  const auto text = environment(variable);
  if (text.empty()) return std::chrono::seconds(30);
  double seconds = 0;
  // 1 ms is the clock's resolution, a day is longer than any program runs. NaN fails both comparisons.
  if (!parse_number(text, seconds) || !(seconds >= 0.001 && seconds <= 86400)) {
    throw SettingError(std::string(variable) + "='" + text +
                       "': expected seconds from 0.001 to 86400, such as 30; correct or unset it");
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::string quoted(std::string_view text) {
  std::string result = "'";
  result.append(text).append("'");
  return result;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

/// Cores in groups of these sizes, as a Neuron runtime of old was told. Groups themselves have no use here:
/// which cores a model is on is said where it is loaded.
int sum_of_group_sizes(const char* variable, const std::string& text) {
  int sum = 0;
  for (const auto part : split(text, ',')) {
    int size = 0;
    if (!parse_number(part, size) || size < 1 || size > kMaxCores - sum) {
      throw SettingError(
          std::string(variable) + "='" + text + "': expected sizes of groups of cores, 1 or more each and " +
          std::to_string(kMaxCores) + " in all, such as 1,1,2; unset it and set NEURON_RT_NUM_CORES");
    }
    sum += size;
  }
  return sum;
}

void read_cores(CoreSettings& settings) {
  const auto visible = environment("NEURON_RT_VISIBLE_CORES");
  if (!visible.empty()) {
    settings.cores = parse_cores(visible, "NEURON_RT_VISIBLE_CORES");
    settings.chosen = true;
    return;
  }
  int count = std::clamp(settings.cpus / settings.threads_per_core, 1, kMaxCores);
  constexpr const char* kGroups = "NEURONCORE_GROUP_SIZES";
  const auto groups = environment(kGroups);
  if (!environment("NEURON_RT_NUM_CORES").empty()) {
    count = whole_number("NEURON_RT_NUM_CORES", 1, kMaxCores, count);
    settings.chosen = true;
  } else if (!groups.empty()) {
    settings.chosen = true;
    count = sum_of_group_sizes(kGroups, groups);
    settings.deprecation = std::string(kGroups) + "='" + groups +
                           "' is deprecated; set NEURON_RT_NUM_CORES=" + std::to_string(count) +
                           " instead, or NEURON_RT_VISIBLE_CORES to ids such as 0-" +
                           std::to_string(count - 1);
  }
  for (int id = 0; id < count; ++id) settings.cores.push_back(id);
}

std::vector<CoreSettings::Fault> faults_from_environment(const std::vector<int>& cores) {
  const auto text = environment("NEURON_EMU_FAULT");
  std::vector<CoreSettings::Fault> faults;
  if (text.empty()) return faults;
  const auto refuse = [&](const std::string& why) {
    throw SettingError("NEURON_EMU_FAULT='" + text + "': " + why +
                       "; expected core:kind:every-n[,...] with kind fail or stuck, such as 0:fail:10");
  };
  for (const auto part : split(text, ',')) {
    const auto fields = split(part, ':');
    CoreSettings::Fault fault;
    if (fields.size() != 3) refuse(quoted(part) + " has not three fields");
    fault.kind = fields[1];
    if (!parse_number(fields[0], fault.core)) refuse(quoted(fields[0]) + " is no core");
    if (std::find(cores.begin(), cores.end(), fault.core) == cores.end()) {
      refuse("core " + std::string(fields[0]) + " is not among the visible cores");
    }
    if (fault.kind != "fail" && fault.kind != "stuck") refuse("kind '" + fault.kind + "' is unknown");
    if (!parse_number(fields[2], fault.every) || fault.every < 1) {
      refuse(quoted(fields[2]) + " is no count of 1 or more");
    }
    faults.push_back(std::move(fault));
  }
  return faults;
}

}  // namespace

std::vector<int> parse_cores(const std::string& text, const std::string& what) {
  const auto refuse = [&](const std::string& why) {
    throw SettingError(what + "='" + text + "': " + why + "; expected core ids from 0 to " +
                       std::to_string(kMaxCores - 1) + " and ranges of them, such as 2, 0-3 or 1,3");
  };
  std::vector<int> ids;
  for (const auto part : split(text, ',')) {
    const auto dash = part.find('-');
    const auto last_text = dash == std::string_view::npos ? part : part.substr(dash + 1);
    int first = 0;
    int last = 0;
    if (!parse_number(part.substr(0, dash), first) || !parse_number(last_text, last)) {
      refuse(quoted(part) + " is no id and no range");
    }
    if (first < 0 || last >= kMaxCores) refuse(quoted(part) + " is out of range");
    if (first > last) refuse("range " + quoted(part) + " runs backwards");
    for (int id = first; id <= last; ++id) {
      if (std::find(ids.begin(), ids.end(), id) != ids.end())
        refuse("core " + std::to_string(id) + " is named twice");
      ids.push_back(id);
    }
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<int> parse_core_choice(const std::string& text) {
  if (text.empty() || text == "auto" || text == "AUTO") return {};
  return parse_cores(text, "cores");
}

Placement parse_placement(const std::string& text) {
  if (text == "replicate") return Placement::kReplicate;
  if (text == "split") return Placement::kSplit;
  throw SettingError("placement='" + text +
                     "': expected replicate (every program on every core) or split (programs "
                     "dealt out over the cores)");
}

CoreSettings CoreSettings::from_environment() {
  CoreSettings settings;
  settings.threads_per_core = whole_number("NEURON_EMU_THREADS_PER_CORE", 1, 256, 1);
  settings.cpus = allowed_cpus();
  read_cores(settings);
  const int megabytes = whole_number("NEURON_EMU_CORE_MEMORY", 1, 1 << 20, 4096);
  settings.memory_bytes = static_cast<std::size_t>(megabytes) << 20;
  settings.pin = whole_number("NEURON_EMU_PIN", 0, 1, 0) == 1;
  settings.emulate_precision = whole_number("NEURON_EMU_PRECISION", 0, 1, 0) == 1;
  settings.timeout = timeout_from_environment();
  check_instruction_set_setting();
  settings.faults = faults_from_environment(settings.cores);
  return settings;
}

}  // namespace rcnn::engine
