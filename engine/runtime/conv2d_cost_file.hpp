// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "engine/runtime/conv2d_costs.hpp"

namespace rcnn::engine {

/// Measured costs of one platform, kept between processes. Losing the file costs measuring again, nothing
/// else: so what cannot be read is as good as absent, and what cannot be written is left.
///
/// Thread safety: thread-safe, across processes too: the file is replaced whole. Of two processes that store
/// at the same moment one may lose what it measured.
class Conv2dCostFile {
 public:
  /// \param file      empty: keeps nothing
  /// \param platform  as platform() names it; a file of another is ignored
  Conv2dCostFile(std::filesystem::path file, std::string platform);

  /// $XDG_CACHE_HOME/gst-neuron-rcnn/convolutions-PLATFORM.json, ~/.cache where that variable is not an
  /// absolute path; empty without a home folder.
  static std::filesystem::path default_path(const std::string& platform);

  const std::filesystem::path& path() const { return file_; }

  /// Empty if there is no file, or it is damaged, foreign or of another version.
  Conv2dCostTable load() const;

  /// Adds `table` to what the file holds (entries already there win, so that all later processes agree).
  /// \returns what the file then holds, or would hold if it could be written.
  Conv2dCostTable add(const Conv2dCostTable& table) const;

 private:
  void store(const Conv2dCostTable& table) const;

  std::filesystem::path file_;
  std::string platform_;
};

}  // namespace rcnn::engine
