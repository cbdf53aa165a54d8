// SPDX-License-Identifier: MIT
#include "engine/runtime/activation_tap.hpp"

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace rcnn::engine {
namespace {

struct Installed {
  std::atomic<bool> any{false};
  std::shared_mutex mutex;  ///< Guards the tap; runs share it
  std::shared_ptr<ActivationTap> tap;
};

Installed& process() {
  static Installed installed;
  return installed;
}

/// A run that the end of the tap's scope waits for.
class Holding final : public ActivationTap::Run {
 public:
  Holding(std::shared_lock<std::shared_mutex> lock, std::unique_ptr<Run> run)
      : lock_(std::move(lock)), run_(std::move(run)) {}

  void visit(const std::string& value, const Format& format, std::span<const float> values) override {
    run_->visit(value, format, values);
  }

 private:
  std::shared_lock<std::shared_mutex> lock_;
  std::unique_ptr<Run> run_;  // It goes before the lock does
};

}  // namespace

bool ActivationTap::any() noexcept { return process().any.load(std::memory_order_relaxed); }

std::unique_ptr<ActivationTap::Run> ActivationTap::begin_installed(const std::string& program) {
  std::shared_lock lock(process().mutex);
  auto run = process().tap ? process().tap->begin(program) : nullptr;
  if (!run) return nullptr;
  return std::make_unique<Holding>(std::move(lock), std::move(run));
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
