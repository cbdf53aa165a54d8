// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace rcnn::engine {

/// Names a file that is not finished yet: should a signal end the process before the object does,
/// remove_unfinished_files() removes it. The object itself removes nothing, and the file need not be there.
/// Of more than kMostUnfinishedFiles at a time, the last ones would stay.
///
/// Thread safety: thread-safe; the object itself is thread-bound.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(const std::filesystem::path& file);
  ~UnfinishedFile();
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

 private:
  const std::string name_;  ///< Its characters are in the table, so the object stays where it is
};

inline constexpr int kMostUnfinishedFiles = 64;

/// For the handler of a signal that ends the process, which must follow: removes all files that are
/// unfinished. Threads that would begin, or be done with, one more wait for the end. Async-signal-safe.
void remove_unfinished_files() noexcept;

}  // namespace rcnn::engine
