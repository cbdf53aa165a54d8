// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "elements/gst_support.hpp"
#include "pipeline/frame.hpp"

namespace rcnn::elements {

/// One place in front of a full entrance. Its thread, started when a buffer first needs it, waits for a slot
/// and then lets in whatever lies there.
///
/// Thread safety: thread-safe; put() and take() on one thread at a time. `mutex_` guards what changes;
/// neither function is called, nor a buffer let go, under it.
class Mailbox {
 public:
  /// Waits for a slot; null where nothing may enter any more.
  using WaitForSlot = std::function<std::shared_ptr<pipeline::Frame>()>;
  using Enter = std::function<void(BufferPtr, std::shared_ptr<pipeline::Frame>)>;

  Mailbox(WaitForSlot wait_for_slot, Enter enter);
  /// Waits for the thread: a pending WaitForSlot must give up.
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Lays a buffer into the empty place.
  void put(BufferPtr buffer);
  /// Takes out what still lies there.
  BufferPtr take();
  bool holds() const;
  /// Nothing lies there and nothing is on its way in.
  bool idle() const;
  /// Waits until idle: what goes in now comes after.
  void settle();

 private:
  void work();

  const WaitForSlot wait_for_slot_;
  const Enter enter_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  BufferPtr buffer_;
  bool busy_ = false;  ///< The thread waits for a slot or lets a buffer in
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace rcnn::elements
