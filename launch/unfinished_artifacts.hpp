// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <list>

#include "engine/compile/compiler.hpp"
#include "engine/results/unfinished_files.hpp"

namespace rcnn::launch {

/// The files that lie about while an artifact is written or calibrated. What makes them removes them, also
/// after a first signal; they are large, so while this lives a second signal removes them as well.
///
/// Thread safety: reentrant.
class UnfinishedArtifacts {
 public:
  /// As engine::write_artifact_part() writes `artifact`, which itself is left alone.
  explicit UnfinishedArtifacts(const std::filesystem::path& artifact);
  /// The trials that engine::calibrate() makes of `model` at `scratch`, finished ones too.
  UnfinishedArtifacts(const engine::CompiledModel& model, const std::filesystem::path& scratch);

 private:
  void add_trial(const std::filesystem::path& artifact);

  std::list<engine::UnfinishedFile> files_;
};

}  // namespace rcnn::launch
