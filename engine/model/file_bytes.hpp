// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>

namespace rcnn::engine {

/// The bytes that a regular file had when this was made, or the first of them. They are read rather than
/// mapped: of a file that is cut off or written anew later, nothing here changes, where pages of a mapping
/// would vanish and end the process (SIGBUS).
///
/// Thread safety: reentrant; const methods are thread-safe.
class FileBytes {
 public:
  /// \param most  bytes that are read, where its begin is enough
  /// \throws ModelError: missing, a folder or device, not readable, empty, or cut off while it is read.
  explicit FileBytes(const std::filesystem::path& path,
                     std::uint64_t most = std::numeric_limits<std::uint64_t>::max());

  std::span<const std::byte> bytes() const { return {data_.get(), size_}; }

 private:
  std::size_t size_ = 0;
  std::unique_ptr<std::byte[]> data_;
};

}  // namespace rcnn::engine
