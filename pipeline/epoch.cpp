// SPDX-License-Identifier: MIT
#include "pipeline/epoch.hpp"

#include <chrono>

namespace rcnn::pipeline {

Epoch::Epoch(int max_items, std::shared_ptr<GraphStatistics> statistics)
    : max_items_(static_cast<std::uint64_t>(max_items)), statistics_(std::move(statistics)) {}

bool Epoch::enter(Item& item) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return dead() || entered_ - left_ < max_items_; });
  if (dead()) return false;
  item.number = entered_++;
  item.entered = std::chrono::steady_clock::now();
  if (item.frame) statistics_->entered();
  return true;
}

void Epoch::finish(std::unique_ptr<Item> item) {
  const auto now = std::chrono::steady_clock::now();
  std::lock_guard lock(mutex_);
  if (dead()) return;   // `item` outlives the lock: parameters go after locals.
  item->epoch.reset();  // A buffer that holds what holds it would never go.
  const auto number = item->number;
  early_.emplace(number, std::move(item));
  for (auto next = early_.begin(); next != early_.end() && next->first == in_order_; next = early_.begin()) {
    if (next->second->frame) statistics_->left_reorder(now - next->second->entered);
    ready_.push_back(std::move(next->second));
    early_.erase(next);
    ++in_order_;
  }
  changed_.notify_all();
}

std::unique_ptr<Item> Epoch::leave() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return dead() || !ready_.empty(); });
  if (dead()) return nullptr;
  auto item = std::move(ready_.front());
  ready_.pop_front();
  ++left_;
  if (item->frame) statistics_->popped(item->error != nullptr);
  changed_.notify_all();
  return item;
}

void Epoch::passed_on() {
  std::lock_guard lock(mutex_);
  if (passed_on_ < left_) ++passed_on_;
  changed_.notify_all();
}

bool Epoch::wait_drained() {
  std::unique_lock lock(mutex_);
  const auto goal = entered_;
  changed_.wait(lock, [&] { return dead() || passed_on_ >= goal; });
  return !dead();
}

void Epoch::kill() {
  // These go when this function returns, without the lock: destroying a payload may run foreign code.
  decltype(early_) early;
  decltype(ready_) ready;
  decltype(executions_) executions;
  {
    std::lock_guard lock(mutex_);
    dead_.store(true, std::memory_order_release);
    early.swap(early_);
    ready.swap(ready_);
    executions.swap(executions_);
    changed_.notify_all();
  }
  for (const auto& [place, ticket] : executions) {
    if (ticket) ticket->cancel();
  }
}

int Epoch::inside() const {
  std::lock_guard lock(mutex_);
  return dead() ? 0 : static_cast<int>(entered_ - left_);
}

void Epoch::expect(std::uint64_t number, StageId stage) {
  std::lock_guard lock(mutex_);
  if (!dead()) executions_.emplace(Place{number, stage}, nullptr);
}

void Epoch::hold(std::uint64_t number, StageId stage, std::shared_ptr<engine::ExecutionTicket> ticket) {
  {
    std::lock_guard lock(mutex_);
    if (!dead()) {
      const auto expected = executions_.find({number, stage});
      if (expected != executions_.end()) expected->second = std::move(ticket);
      return;
    }
  }
  ticket->cancel();  // It was killed while this one was being submitted.
}

void Epoch::drop(std::uint64_t number, StageId stage) {
  std::shared_ptr<engine::ExecutionTicket> ticket;  // Goes without the lock.
  std::lock_guard lock(mutex_);
  const auto found = executions_.find({number, stage});
  if (found == executions_.end()) return;
  ticket = std::move(found->second);
  executions_.erase(found);
}

}  // namespace rcnn::pipeline
