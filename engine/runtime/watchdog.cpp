// SPDX-License-Identifier: MIT
#include "engine/runtime/watchdog.hpp"

#include <utility>

namespace rcnn::engine {

Watchdog::Watchdog(Check check) : check_(std::move(check)) {}

Watchdog::~Watchdog() { stop(); }

void Watchdog::start() {
  std::lock_guard lock(mutex_);
  if (!thread_.joinable() && !stopping_) thread_ = std::thread([this] { watch(); });
}

void Watchdog::arm() {
  std::lock_guard lock(mutex_);
  armed_ = true;
  if (idle_) wake_.notify_one();
}

void Watchdog::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    armed_ = false;
    lock.unlock();
    const auto next = check_(Clock::now());
    lock.lock();
    if (next) {
      wake_.wait_until(lock, *next, [this] { return stopping_; });
    } else {
      idle_ = true;
      wake_.wait(lock, [this] { return stopping_ || armed_; });
      idle_ = false;
    }
  }
}

}  // namespace rcnn::engine
