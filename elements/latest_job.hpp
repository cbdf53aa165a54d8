// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

namespace rcnn::elements {

/// Runs jobs beside the frames, one at a time and the latest only: one that has not begun when the next is
/// asked for never runs.
///
/// Its thread is its own and not one of GStreamer's pool, so that an element can wait for it: a thread of the
/// pool would still be at work while the process ends.
///
/// Thread safety: thread-safe, but for one finish() at a time.
class LatestJob {
 public:
  using Job = std::function<void()>;  ///< Throws nothing

  LatestJob();
  /// As finish(). May be called by the job itself (it let go of the last reference to its owner).
  ~LatestJob();
  LatestJob(const LatestJob&) = delete;
  LatestJob& operator=(const LatestJob&) = delete;

  /// Asks for a job. Does not wait.
  void ask(Job job);
  /// Drops the job that has not begun and waits for the one under way; called by that one, does not wait for
  /// it.
  void finish();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // The thread holds it too: a job may outlive its LatestJob.
};

}  // namespace rcnn::elements
