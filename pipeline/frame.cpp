// SPDX-License-Identifier: MIT
#include "pipeline/frame.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

#include "engine/errors.hpp"
#include "pipeline/stages.hpp"

namespace rcnn::pipeline {
namespace {

std::string element_of(int stage) {
  return "'" + std::string(kStages.at(static_cast<std::size_t>(stage)).element) + "'";
}

}  // namespace

struct FramePool::State {
  explicit State(int slots) : max_in_flight(slots), free(slots) {}

  const int max_in_flight;
  std::mutex mutex;  ///< Guards what follows; no other lock is taken under it
  std::condition_variable changed;
  int free;
  bool cancelled = false;
  std::uint64_t next_number = 0;
};

class Slot {
 public:
  explicit Slot(std::shared_ptr<FramePool::State> state) : state_(std::move(state)) {}
  ~Slot() { release(); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  void release() {
    if (released_.exchange(true)) return;
    std::lock_guard lock(state_->mutex);
    ++state_->free;
    state_->changed.notify_one();
  }

  int max_in_flight() const { return state_->max_in_flight; }

  /// A frame on the slot that the caller (who holds the lock) has just seen to be free.
  static std::shared_ptr<Frame> take(const std::shared_ptr<FramePool::State>& state) {
    auto frame = std::make_shared<Frame>();
    frame->slot = std::make_unique<Slot>(state);
    --state->free;
    frame->number = state->next_number++;
    return frame;
  }

 private:
  const std::shared_ptr<FramePool::State> state_;
  std::atomic<bool> released_{false};
};

Frame::Frame() = default;
Frame::~Frame() = default;

void Frame::claim(StageId stage) {
  const int wanted = static_cast<int>(stage);
  int next = wanted;
  if (claimed_.compare_exchange_strong(next, wanted + 1)) return;
  const auto name = "frame " + std::to_string(number) + ": ";
  if (next > wanted) {
    throw engine::Error(
        name + element_of(wanted) +
        " has run on it already, in another branch of a tee. Branches between two stages share one "
        "frame: place the tee before 'preprocess-resize-800' or after 'postprocess-overlay'");
  }
  throw engine::Error(name + element_of(wanted) + " cannot run yet: " + element_of(next) +
                      " has not run on it. Link the six stages in their order");
}

int Frame::claimed() const { return claimed_.load(); }

int Frame::max_in_flight() const { return slot ? slot->max_in_flight() : 1; }

void Frame::release_slot() {
  admission.reset();
  if (slot) slot->release();
}

FramePool::FramePool(int max_in_flight) {
  if (max_in_flight < 1) {
    throw engine::SettingError("max-in-flight=" + std::to_string(max_in_flight) +
                               ": expected 1 or more frames between the entrance and the last push");
  }
  state_ = std::make_shared<State>(max_in_flight);
}

FramePool::~FramePool() = default;

std::shared_ptr<Frame> FramePool::acquire(std::chrono::milliseconds stall,
                                          const std::function<void(int held)>& on_stall) {
  std::unique_lock lock(state_->mutex);
  const auto ready = [this] { return state_->cancelled || state_->free > 0; };
  if (!state_->changed.wait_for(lock, stall, ready)) {
    if (on_stall) {
      lock.unlock();
      on_stall(state_->max_in_flight);
      lock.lock();
    }
    state_->changed.wait(lock, ready);
  }
  return state_->cancelled ? nullptr : Slot::take(state_);
}

std::shared_ptr<Frame> FramePool::try_acquire() {
  std::lock_guard lock(state_->mutex);
  return state_->cancelled || state_->free == 0 ? nullptr : Slot::take(state_);
}

void FramePool::set_cancelled(bool cancelled) {
  std::lock_guard lock(state_->mutex);
  state_->cancelled = cancelled;
  state_->changed.notify_all();
}

int FramePool::in_flight() const {
  std::lock_guard lock(state_->mutex);
  return state_->max_in_flight - state_->free;
}

int FramePool::max_in_flight() const { return state_->max_in_flight; }

}  // namespace rcnn::pipeline
