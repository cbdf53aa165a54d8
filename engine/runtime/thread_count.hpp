// SPDX-License-Identifier: MIT
#pragma once

namespace rcnn::engine {

/// Sets the size of the OpenMP teams that the calling thread opens, for as long as this lives. oneDNN cuts
/// its work into as many pieces as the thread that builds a primitive has, so programs are built under their
/// core's count.
///
/// Thread safety: thread-bound; other threads' teams are untouched.
class ThreadCount {
 public:
  explicit ThreadCount(int threads);
  /// What the calling thread's teams have now.
  static int current();
  ~ThreadCount();
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int previous_;
};

}  // namespace rcnn::engine
