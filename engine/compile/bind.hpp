// SPDX-License-Identifier: MIT
#pragma once

#include "engine/compile/artifact.hpp"
#include "engine/compile/compiler.hpp"

namespace rcnn::engine {

/// What compile() makes, before there are weights: the programs are final, every weight is 0. For
/// write_artifact_part() with no programs. Thread safety: reentrant; `progress` is called on the calling
/// thread. \throws ModelError, SettingError
CompiledModel compile_graph(const ModelConfig& config, const CompileOptions& options,
                            const Progress& progress = {});
CompiledModel compile_graph(const ClassifierConfig& config, const CompileOptions& options,
                            const Progress& progress = {});

/// Compiles the checkpoint for the config, the options and so the programs of an artifact, whether that has
/// weights or not. The result is bit for bit that of compiling at once.
///   class_names  the checkpoint's, to name the classes by where labels did not; none: as the graph says
/// Thread safety: as compile_graph().
/// \throws ModelError if the checkpoint does not fit, names another number of classes, or another version of
/// this program made other programs.
CompiledModel bind_weights(const Artifact& graph, const Checkpoint& checkpoint,
                           const std::vector<std::string>& class_names = {}, const Progress& progress = {});

}  // namespace rcnn::engine
