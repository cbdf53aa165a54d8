// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/compile/compiler.hpp"

namespace rcnn::engine {

/// Version of the `*.rcnn` metadata that this build writes and the only one that it reads: 2 since operators
/// end in any activation, not in a ReLU alone.
inline constexpr int kArtifactVersion = 2;

/// Writes a `*.rcnn` file: safetensors whose `__metadata__` holds format, producer, config, programs, the
/// checkpoint's checksum and one per tensor (XXH3-64). A PendingFile, so a reader never meets half a file.
/// Thread safety: reentrant; `progress` is called on the calling thread. \throws Error if the file cannot be
/// written (disk full included)
void write_artifact(const CompiledModel& model, const std::filesystem::path& file,
                    const Progress& progress = {});

/// The same with the weights of these programs alone: one program a file, to be put together when they are
/// opened as a folder, or, with none, the graph alone, which bind_weights() completes later. Such a file
/// still describes the whole model. Thread safety and errors as above. \throws SettingError for a program
/// that the model does not have (names those there are).
void write_artifact_part(const CompiledModel& model, const std::vector<std::string>& programs,
                         const std::filesystem::path& file, const Progress& progress = {});

/// The files that a model at `path` consists of: itself, or of a folder its `*.rcnn` files, sorted.
/// Hidden ones are passed over: they may be unfinished.
/// Thread safety: reentrant. \throws ModelError for a folder without any.
std::vector<std::filesystem::path> artifact_files(const std::filesystem::path& path);

/// A `*.rcnn` file, or a folder of them that make one model.
/// Thread safety: reentrant, const methods thread-safe.
class Artifact {
 public:
  /// Reads and checks header, sizes and version; tensor checksums are checked when a tensor is first read.
  /// Of a folder, also that the files fit together: config, options, programs with the shapes of their
  /// borders, origin of the weights.
  /// \throws ModelError naming the file: missing, not an artifact (a plain checkpoint is named as such),
  ///         truncated (expected and found bytes), newer version, damaged tensor, files that do not fit.
  static std::shared_ptr<const Artifact> open(const std::filesystem::path& path);
  ~Artifact();
  Artifact(const Artifact&) = delete;
  Artifact& operator=(const Artifact&) = delete;

  const std::filesystem::path& file() const;  ///< Or folder, as given to open()
  std::uintmax_t bytes() const;               ///< Of all its files
  /// What it holds, for people: the config's name or the classifier's architecture.
  const std::string& model_name() const;
  bool is_classifier() const;
  /// \throws ModelError if it holds a classifier.
  const ModelConfig& config() const;
  /// \throws ModelError if it holds a detector.
  const ClassifierConfig& classifier() const;
  const CompileOptions& options() const;
  /// checksum() of the bytes of the checkpoint that it was made of; empty where that is not recorded.
  std::string checkpoint_checksum() const;
  /// How int8 is used; there in that precision only.
  const std::optional<Quantization>& quantization() const;
  const std::vector<Program>& programs() const;
  const std::vector<Node>& host_nodes() const;
  const nlohmann::json& metadata() const;  ///< As read, of the first file; `inspect` prints it.

  /// Names of the programs whose weights are there, in the order of programs().
  std::vector<std::string> held_programs() const;
  /// \throws ModelError saying which programs' weights are missing and where they can come from.
  void require_weights() const;

  struct TensorInfo {
    Shape shape;
    DType dtype;
    std::size_t bytes;
    bool held;  ///< Else only described
  };
  std::map<std::string, TensorInfo> tensors() const;
  /// Values of a tensor, borrowed until release_values(); those of fewer bytes are widened. Reads them and
  /// checks their checksum the first time, and after a release again. \throws ModelError
  std::span<const float> weight(const std::string& name) const;
  /// Frees all values; they are read again when they are asked for.
  void release_values() const;

 private:
  Artifact();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rcnn::engine
