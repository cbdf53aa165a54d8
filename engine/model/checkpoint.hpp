// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/config.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// One array of a checkpoint, contiguous row-major f32 (f16, bf16, f64 and integers are converted on
/// reading). Owns its values unless several names share one storage; then they share it.
struct CheckpointTensor {
  Shape shape;
  std::shared_ptr<const std::vector<float>> values;
};

/// All model arrays of a file under their parameter names (Detectron2's "model" dictionary), without prefixes
/// that training wrapped round all of them ("module.", "model.", "_orig_mod.").
struct Checkpoint {
  std::filesystem::path file;
  std::string format;  ///< "pkl", "pth", "safetensors"
  std::map<std::string, CheckpointTensor> tensors;
  std::string checksum{};  ///< Of the file's bytes; empty of what was in no file
};

/// Reads a Detectron2 model-zoo .pkl, a training .pth (torch zip) or a .safetensors file; the kind is told
/// from the content, not from the name. Nothing in the file is ever executed: pickles run on a small machine
/// of our own that knows the globals of pickle::find_global() and refuses any other by name. Bounds: nesting,
/// memo, string and tensor sizes are checked against the file's own size. \throws ModelError for unreadable,
/// truncated, foreign or hostile files.
Checkpoint read_checkpoint(const std::filesystem::path& file);

/// A parameter that a network needs.
struct ParameterSpec {
  std::string name;
  Shape shape;
  bool optional = false;  ///< Missing FrozenBN running_mean / running_var are `default_value`.
  float default_value = 0.f;
};

/// Checks the checkpoint against what the network needs and returns just that.
/// Ignored silently: counts of batches (num_batches_tracked) and cell anchors; pixel_mean and pixel_std are
/// compared with the config.
/// \throws ModelError listing every missing, mis-shaped (expected and found shape) or surplus tensor, at most
///         ten of each by name with the count of the rest; or naming one of those returned that has a value
///         which is infinite or no number.
std::map<std::string, CheckpointTensor> select_parameters(const Checkpoint& checkpoint,
                                                          std::span<const ParameterSpec> parameters,
                                                          const ModelConfig& config);

/// What is particular to a family of models.
struct SelectionRules {
  std::string model;  ///< For messages
  /// Tensors that its checkpoints carry and inference does not read.
  std::function<bool(std::string_view)> ignored;
  /// What the complaints together point to, given how many parameters are missing; a line of its own.
  std::function<std::string(std::size_t)> advice;
};
/// The same for any family, nothing compared. \throws ModelError as above
std::map<std::string, CheckpointTensor> select_parameters(const Checkpoint& checkpoint,
                                                          std::span<const ParameterSpec> parameters,
                                                          const SelectionRules& rules);

}  // namespace rcnn::engine
