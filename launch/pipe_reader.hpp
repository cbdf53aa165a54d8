// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace rcnn::launch {

/// Whoever reads a named pipe that is about to be written, waited for and then held for as long as the object
/// lives. Opening the pipe would wait, too, but for good: a signal that is only remembered (Interrupt) does
/// not end that. Thread safety: as Interrupt.
class PipeReader {
 public:
  /// Returns at once where `file` is no pipe. \throws engine::Error naming it once a signal has come
  explicit PipeReader(const std::filesystem::path& file);
  ~PipeReader();
  PipeReader(const PipeReader&) = delete;
  PipeReader& operator=(const PipeReader&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace rcnn::launch
