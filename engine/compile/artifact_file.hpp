// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "engine/model/regular_file.hpp"

namespace rcnn::engine {

/// An open `*.rcnn` file.
///
/// Thread safety: const methods are thread-safe.
class ArtifactFile : public RegularFile {
 public:
  /// \throws ModelError: missing, a folder or device, not readable, empty.
  explicit ArtifactFile(const std::filesystem::path& path);
};

}  // namespace rcnn::engine
