// SPDX-License-Identifier: MIT
#include "elements/latest_job.hpp"

#include <mutex>
#include <thread>
#include <utility>

namespace rcnn::elements {

struct LatestJob::Shared {
  std::mutex mutex;  // Guards all below.
  Job next;
  std::thread::id worker;  // None: no thread, or one that touches nothing any more.
  std::thread thread;

  // On the thread.
  void work() {
    std::unique_lock lock(mutex);
    while (next) {
      Job job = std::exchange(next, nullptr);
      lock.unlock();
      job();
      job = nullptr;  // What it holds goes without the lock.
      lock.lock();
    }
    worker = {};
  }
};

LatestJob::LatestJob() : shared_(std::make_shared<Shared>()) {}

LatestJob::~LatestJob() {
  finish();
  const std::lock_guard lock(shared_->mutex);
  if (shared_->thread.joinable()) {
    shared_->thread.detach();  // This one: finish() took any other.
  }
}

void LatestJob::ask(Job job) {
  Job dropped;  // Goes without the lock.
  std::thread ended;
  const std::lock_guard lock(shared_->mutex);
  dropped = std::exchange(shared_->next, std::move(job));
  if (shared_->worker == std::thread::id{}) {
    ended = std::exchange(shared_->thread, std::thread([shared = shared_] { shared->work(); }));
    shared_->worker = shared_->thread.get_id();
    if (ended.joinable()) {
      ended.join();  // Only its last instructions are left.
    }
  }
}

void LatestJob::finish() {
  Job dropped;
  std::unique_lock lock(shared_->mutex);
  dropped = std::exchange(shared_->next, nullptr);
  if (!shared_->thread.joinable() || shared_->thread.get_id() == std::this_thread::get_id()) {
    return;
  }
  std::thread last = std::move(shared_->thread);
  lock.unlock();
  last.join();
}

}  // namespace rcnn::elements
