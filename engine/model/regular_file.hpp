// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace rcnn::engine {

/// A regular file that is open for reading, piece by piece and not by a mapping of it: one that is cut off
/// meanwhile is an error then, where the pages of a mapping would vanish and end the process (SIGBUS).
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

  /// Bytes that it had when it was opened.
  std::uint64_t size() const { return size_; }
  /// Fills `to` with what lies `offset` bytes from the file's begin. \throws ModelError, which does not name
  /// the file: it has become shorter, or cannot be read
  void read(std::uint64_t offset, std::span<std::byte> to) const;

 private:
  int descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace rcnn::engine
