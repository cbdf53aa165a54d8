// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace rcnn::engine {

/// A regular file mapped read-only: 400 MB of weights are read where they lie.
///
/// Thread safety: reentrant; const methods are thread-safe.
class MappedFile {
 public:
  /// \throws ModelError: missing, a folder or device, not readable, empty.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace rcnn::engine
