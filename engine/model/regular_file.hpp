// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace rcnn::engine {

/// A regular file that is open for reading.
///
/// Thread safety: reentrant; const methods are thread-safe.
class RegularFile {
 public:
  /// \param advice  what to give instead of a folder, a device or a pipe
  /// \throws ModelError: missing, no regular file, not readable, empty.
  RegularFile(const std::filesystem::path& path, const std::string& advice);
  ~RegularFile();
  RegularFile(const RegularFile&) = delete;
  RegularFile& operator=(const RegularFile&) = delete;

  /// Borrowed.
  int descriptor() const { return descriptor_; }
  /// Bytes that it had when it was opened.
  std::uint64_t size() const { return size_; }

 private:
  int descriptor_;
  std::uint64_t size_ = 0;
};

/// What the system says of its last error.
std::string system_reason();

}  // namespace rcnn::engine
