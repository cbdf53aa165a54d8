// SPDX-License-Identifier: MIT
#include "launch/unfinished_artifacts.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

namespace rcnn::launch {
namespace {

std::filesystem::path unfinished(std::filesystem::path artifact) {
  return artifact += fmt::format(".unfinished-{}", ::getpid());
}

}  // namespace

UnfinishedArtifacts::UnfinishedArtifacts(const std::filesystem::path& artifact) {
  files_.emplace_back(unfinished(artifact));
}

UnfinishedArtifacts::UnfinishedArtifacts(const engine::CompiledModel& model,
                                         const std::filesystem::path& scratch) {
  add_trial(scratch);
  for (const auto& program : model.programs) {
    auto trial = scratch;
    add_trial(trial += "-" + program.graph.name);
  }
}

void UnfinishedArtifacts::add_trial(const std::filesystem::path& artifact) {
  files_.emplace_back(artifact);
  files_.emplace_back(unfinished(artifact));
}

}  // namespace rcnn::launch
