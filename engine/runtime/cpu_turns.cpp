// SPDX-License-Identifier: MIT
#include "engine/runtime/cpu_turns.hpp"

#include <utility>

namespace rcnn::engine {

CpuTurns::Turn& CpuTurns::Turn::operator=(Turn&& other) noexcept {
  if (this == &other) return *this;
  end();
  turns_ = std::move(other.turns_);
  return *this;
}

void CpuTurns::Turn::end() {
  if (const auto turns = std::exchange(turns_, nullptr)) turns->give_back();
}

CpuTurns::Turn CpuTurns::take(const std::shared_ptr<CpuTurns>& turns, const std::atomic<bool>& given_up) {
  return turns->wait(given_up) ? Turn(turns) : Turn();
}

bool CpuTurns::wait(const std::atomic<bool>& given_up) {
  std::unique_lock lock(mutex_);
  if (given_up) return false;
  if (free_ > 0) {
    --free_;
    return true;
  }
  Waiter mine;
  waiters_.push_back(&mine);
  mine.changed.wait(lock, [&] { return mine.granted || given_up; });
  if (!mine.granted) std::erase(waiters_, &mine);
  return mine.granted;
}

void CpuTurns::give_back() {
  const std::lock_guard lock(mutex_);
  if (waiters_.empty()) {
    ++free_;
    return;
  }
  auto& next = *waiters_.front();
  waiters_.pop_front();
  next.granted = true;
  next.changed.notify_one();  // Under the lock: the waiter's condition goes with its wait.
}

void CpuTurns::look_again() {
  const std::lock_guard lock(mutex_);
  for (auto* waiter : waiters_) waiter->changed.notify_one();
}

std::size_t CpuTurns::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiters_.size();
}

}  // namespace rcnn::engine
