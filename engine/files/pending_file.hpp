// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>

#include "engine/files/unfinished_files.hpp"

namespace rcnn::engine {

/// Where what is written to `target` comes to lie: symbolic links are followed, also to files that do not
/// exist yet. Thread safety: reentrant.
std::filesystem::path written_place(const std::filesystem::path& target);

/// A file that appears whole or not at all: written beside its place under a hidden name, renamed by
/// commit(), removed if that never comes, by a signal's handler if need be (UnfinishedFile). Devices and
/// pipes (/dev/stdout, /dev/null) are written where they are.
class PendingFile {
 public:
  /// Makes missing parent folders. \throws Error naming the folder.
  explicit PendingFile(const std::filesystem::path& target);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  /// Write here.
  const std::filesystem::path& path() const { return temporary_; }
  /// \throws Error if the file cannot take its place.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  std::optional<UnfinishedFile> unfinished_;  ///< None for devices
  bool committed_ = false;
};

}  // namespace rcnn::engine
