// SPDX-License-Identifier: MIT
#include "pipeline/warm_up.hpp"

#include <spdlog/spdlog.h>

#include "engine/errors.hpp"
#include "engine/runtime/core_state.hpp"

namespace rcnn::pipeline {

std::chrono::nanoseconds warm_up(std::size_t cores, const std::function<void()>& run) {
  for (std::size_t failures = 0, timeouts = 0;;) {
    try {
      const auto began = std::chrono::steady_clock::now();
      run();
      return std::chrono::steady_clock::now() - began;
    } catch (const engine::TimeoutError& error) {
      if (++timeouts >= cores) throw;
      spdlog::warn("warming up is tried again: {}", error.what());
    } catch (const engine::CancelledError&) {
      throw;
    } catch (const engine::DeviceError& error) {
      if (++failures >= cores * engine::CoreState::kFailuresInRow) throw;
      spdlog::warn("warming up is tried again: {}", error.what());
    }
  }
}

}  // namespace rcnn::pipeline
