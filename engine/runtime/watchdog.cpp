// SPDX-License-Identifier: MIT
#include "engine/runtime/watchdog.hpp"

#include <algorithm>
#include <utility>

namespace rcnn::engine {

Watchdog::Watchdog(Check check) : check_(std::move(check)) {}

Watchdog::~Watchdog() { stop(); }

void Watchdog::start() {
  std::lock_guard lock(mutex_);
  if (!thread_.joinable() && !stopping_) thread_ = std::thread([this] { watch(); });
}

void Watchdog::arm(Clock::time_point deadline) {
  std::lock_guard lock(mutex_);
  if (deadline >= next_) return;
  next_ = deadline;
  wake_.notify_one();
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
    next_ = kNever;  // What is armed while check() looks counts besides.
    lock.unlock();
    const auto next = check_(Clock::now());
    lock.lock();
    if (next) next_ = std::min(next_, *next);
    sleep(lock);
  }
}

void Watchdog::sleep(std::unique_lock<std::mutex>& lock) {
  while (!stopping_ && Clock::now() < next_) {
    const auto until = next_;
    if (until == kNever) {
      wake_.wait(lock);
    } else {
      wake_.wait_until(lock, until);
    }
  }
}

}  // namespace rcnn::engine
