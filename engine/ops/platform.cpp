// SPDX-License-Identifier: MIT
#include "engine/ops/platform.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>

#include "engine/ops/winograd/kernels.hpp"

namespace rcnn::engine {
namespace {

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

bool has_isa(dnnl::cpu_isa isa) {
  const auto has =
      static_cast<unsigned>(dnnl::get_effective_cpu_isa());  // Sets of bits that include each other
  const auto needed = static_cast<unsigned>(isa);
  return (has & needed) == needed;
}

}  // namespace

std::string processor_name(std::istream& cpuinfo) {
  constexpr std::array<std::string_view, 6> kKeys{"model name", "cpu family",      "model",
                                                  "stepping",   "CPU implementer", "CPU part"};
  std::array<std::string, kKeys.size()> values;
  for (std::string line; std::getline(cpuinfo, line) && !line.empty();) {  // The first processor's paragraph
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto key = std::ranges::find(kKeys, trimmed(std::string_view(line).substr(0, colon)));
    if (key == kKeys.end()) continue;
    values[static_cast<std::size_t>(key - kKeys.begin())] = trimmed(std::string_view(line).substr(colon + 1));
  }
  std::string name;
  for (const auto& value : values) {
    if (!value.empty()) name += (name.empty() ? "" : " ") + value;
  }
  // A hypervisor may give any bytes, and costs are kept in JSON, which takes UTF-8 alone.
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~'; };
  std::ranges::replace_if(name, std::not_fn(is_plain), '?');
  return name.empty() ? "unknown processor" : name;
}

bool multiplies_int8() {
  return has_isa(dnnl::cpu_isa::avx512_core_vnni) || has_isa(dnnl::cpu_isa::avx2_vnni);
}
bool multiplies_bf16() { return has_isa(dnnl::cpu_isa::avx512_core_bf16); }
bool multiplies_tiles() { return has_isa(dnnl::cpu_isa::avx512_core_amx); }

std::string platform() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  const auto* version = dnnl::version();
  return processor_name(cpuinfo) + "; oneDNN " + std::to_string(version->major) + "." +
         std::to_string(version->minor) + "." + std::to_string(version->patch) + " isa " +
         std::to_string(static_cast<int>(dnnl::get_effective_cpu_isa())) + "; " + winograd::instruction_set();
}

}  // namespace rcnn::engine
