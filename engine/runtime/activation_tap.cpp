// SPDX-License-Identifier: MIT
#include "engine/runtime/activation_tap.hpp"

#include <atomic>
#include <mutex>
#include <utility>

namespace rcnn::engine {
namespace {

struct Installed {
  std::atomic<bool> any{false};
  std::mutex mutex;  ///< Guards the tap
  std::shared_ptr<ActivationTap> tap;
};

Installed& process() {
  static Installed installed;
  return installed;
}

}  // namespace

bool ActivationTap::any() noexcept { return process().any.load(std::memory_order_relaxed); }

std::shared_ptr<ActivationTap> ActivationTap::installed() {
  const std::lock_guard lock(process().mutex);
  return process().tap;
}

ActivationTap::Scope::Scope(std::shared_ptr<ActivationTap> tap) {
  const std::lock_guard lock(process().mutex);
  process().tap = std::move(tap);
  process().any.store(true, std::memory_order_relaxed);
}

ActivationTap::Scope::~Scope() {
  const std::lock_guard lock(process().mutex);
  process().any.store(false, std::memory_order_relaxed);
  process().tap.reset();
}

}  // namespace rcnn::engine
