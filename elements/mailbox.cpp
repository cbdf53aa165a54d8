// SPDX-License-Identifier: MIT
#include "elements/mailbox.hpp"

#include <utility>

namespace rcnn::elements {

Mailbox::Mailbox(WaitForSlot wait_for_slot, Enter enter)
    : wait_for_slot_(std::move(wait_for_slot)), enter_(std::move(enter)) {}

Mailbox::~Mailbox() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Mailbox::put(BufferPtr buffer) {
  const std::lock_guard lock(mutex_);
  buffer_ = std::move(buffer);
  if (!thread_.joinable()) {
    thread_ = std::thread([this] { work(); });
  }
  changed_.notify_all();
}

BufferPtr Mailbox::take() {
  const std::lock_guard lock(mutex_);
  return std::move(buffer_);
}

bool Mailbox::holds() const {
  const std::lock_guard lock(mutex_);
  return buffer_ != nullptr;
}

bool Mailbox::idle() const {
  const std::lock_guard lock(mutex_);
  return !buffer_ && !busy_;
}

void Mailbox::settle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !buffer_ && !busy_; });
}

void Mailbox::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || buffer_; });
    if (stopping_) {
      return;
    }
    busy_ = true;
    lock.unlock();
    auto frame = wait_for_slot_();
    BufferPtr buffer = take();
    if (frame && buffer) {
      enter_(std::move(buffer), std::move(frame));
    }
    frame.reset();
    buffer.reset();
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace rcnn::elements
