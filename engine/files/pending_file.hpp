// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>

#include "engine/files/unfinished_files.hpp"

namespace rcnn::engine {

/// A file that appears whole or not at all: written beside its place under a hidden name, renamed by
/// commit(), removed if that never comes, by a signal's handler if need be (UnfinishedFile).
///
/// Where no file can be renamed to, what was written is copied by commit(): to open descriptors on files
/// (/dev/stdout behind >>), where they stand, and into files that are mount points or whose folder may not be
/// changed. The hidden file is then in the folder for temporary files if it cannot be beside. Devices and
/// pipes (/dev/null, /dev/stdout before |) are written where they are.
///
/// Thread safety: thread-bound.
class PendingFile {
 public:
  /// Makes missing parent folders, and an empty hidden file. \throws Error naming the folder or file.
  explicit PendingFile(const std::filesystem::path& target);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  /// Write here.
  const std::filesystem::path& path() const { return temporary_; }
  /// Once. \throws Error if the file cannot take its place; it says where what was written is kept.
  void commit();

 private:
  /// Gives errno's value, 0 where the file is made.
  int make_in(const std::filesystem::path& folder);
  void make_somewhere();
  void copy() const;

  std::filesystem::path target_;
  std::filesystem::path temporary_;
  std::optional<UnfinishedFile> unfinished_;  ///< None for devices
  bool kept_ = false;
};

}  // namespace rcnn::engine
