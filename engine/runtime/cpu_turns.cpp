// SPDX-License-Identifier: MIT
#include "engine/runtime/cpu_turns.hpp"

#include <algorithm>

namespace rcnn::engine {

CpuTurns::CpuTurns(const CoreSettings& settings) {
  if (settings.cpus < 1) return;
  const int rooms = std::max(1, settings.cpus / settings.threads_per_core);
  const int groups = settings.pin ? rooms : 1;
  free_.assign(static_cast<std::size_t>(groups), rooms / groups);
}

}  // namespace rcnn::engine
