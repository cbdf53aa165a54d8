// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/compile/artifact_file.hpp"

namespace rcnn::engine {

/// One `*.rcnn` file, opened and checked. It describes a whole model and holds the weights of all of its
/// programs, of some, or of none.
///
/// Thread safety: what is const is thread-safe.
struct ArtifactPart {
  struct StoredTensor {
    Artifact::TensorInfo info;
    std::uint64_t offset = 0;  ///< Of its bytes, from the file's begin
    std::string checksum;
  };

  /// \throws ModelError naming the file, for what is no artifact or a damaged one.
  explicit ArtifactPart(const std::filesystem::path& path);

  /// Reads a tensor that it holds and checks the checksum. `to` has its bytes. \throws ModelError
  void read(const std::string& name, std::span<std::byte> to) const;

  std::filesystem::path file;
  ArtifactFile contents;
  NetworkConfig config;
  CompileOptions options;
  std::vector<Program> programs;
  std::vector<Node> host_nodes;
  std::optional<Quantization> quantization;
  nlohmann::json metadata;
  std::map<std::string, Artifact::TensorInfo> tensors;  ///< Of the whole model
  std::map<std::string, StoredTensor> stored;           ///< Those of them that are in this file
  std::vector<std::string> held_programs;               ///< Whose tensors are, in the model's order
  /// Identity of the whole model's weights; empty in files that hold all, or none
  std::string weights_digest;

 private:
  void read_all();
  /// \param begin  of the tensors, in bytes from the file's
  void read_tensors(const nlohmann::json& header, std::uint64_t begin);
  void add_stored(const std::string& name, const nlohmann::json& entry, std::uint64_t begin,
                  const std::map<std::string, std::string>& checksums);
  void read_quantization();
  void check_types() const;
  void find_held_programs();
};

/// Checks that the files make one model: the same config, options, programs and weights, and each program's
/// weights in one of them at most. Thread safety: reentrant. \throws ModelError naming the files and in what
/// they differ, or the program that two have.
void check_fit(std::span<const std::unique_ptr<ArtifactPart>> parts);

}  // namespace rcnn::engine
