// SPDX-License-Identifier: MIT
#include "engine/simd/instruction_sets.hpp"

#include <hwy/highway.h>
#include <hwy/targets.h>

#include <cstdint>
#include <cstdlib>
#include <optional>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

constexpr const char* kVariable = "NEURON_EMU_ISA";

std::string setting() {
  const char* value = std::getenv(kVariable);
  return value == nullptr ? "" : value;
}

/// The lowest bit of a set of targets, which is its best one.
std::int64_t best_of(std::int64_t targets) { return targets & -targets; }

/// The target of that name among those that this build contains.
std::optional<std::int64_t> target_called(const std::string& name) {
  for (std::int64_t left = HWY_TARGETS; left != 0; left &= left - 1) {
    if (name == hwy::TargetName(best_of(left))) return best_of(left);
  }
  return std::nullopt;
}

}  // namespace

std::string instruction_set() { return hwy::TargetName(best_of(hwy::SupportedTargets() & HWY_TARGETS)); }

void check_instruction_set_setting() {
  const auto name = setting();
  if (name.empty() || target_called(name)) return;
  std::string names;
  for (std::int64_t left = HWY_TARGETS; left != 0; left &= left - 1) {
    names += (names.empty() ? "" : ", ") + std::string(hwy::TargetName(best_of(left)));
  }
  throw SettingError(std::string(kVariable) + "='" + name + "': expected one of " + names +
                     "; correct or unset it");
}

bool hold_instruction_sets() noexcept {
  const auto best = target_called(setting());
  if (!best) return false;
  hwy::DisableTargets(*best - 1);  // All that are better
  return true;
}

}  // namespace rcnn::engine
