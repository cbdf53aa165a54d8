// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "engine/results/formats.hpp"

namespace rcnn::elements {

/// A file of JSON lines that elements of this process write together, each line whole.
///
/// Thread safety: full.
class LineFile {
 public:
  /// The one that is open already, by whatever name, or a new one, emptied. \param location  file, or "-" for
  /// standard output. \throws engine::Error
  static std::shared_ptr<LineFile> open(const std::string& location);

  explicit LineFile(const std::string& location);
  /// \throws engine::Error if the line cannot be written.
  void add(const engine::FrameResult& result);

 private:
  std::mutex mutex_;  // Guards writer_.
  engine::ResultWriter writer_;
};

}  // namespace rcnn::elements
