// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "engine/model/regular_file.hpp"

namespace rcnn::engine {

/// An open `*.rcnn` file, read piece by piece rather than mapped: one that is written anew while a pipeline
/// loads it is an error then, where the pages of a mapping would vanish and end the process (SIGBUS).
///
/// Thread safety: const methods are thread-safe.
class ArtifactFile {
 public:
  /// \throws ModelError: missing, a folder or device, not readable, empty.
  explicit ArtifactFile(const std::filesystem::path& path);

  /// Bytes that it had when it was opened.
  std::uint64_t size() const { return file_.size(); }
  /// Fills `to` with what lies `offset` bytes from the file's begin. \throws ModelError where it has become
  /// shorter
  void read(std::uint64_t offset, std::span<std::byte> to) const;

 private:
  RegularFile file_;
};

}  // namespace rcnn::engine
