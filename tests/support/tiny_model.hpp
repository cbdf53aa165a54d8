// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/compile/compiler.hpp"
#include "engine/model/checkpoint.hpp"
#include "engine/model/config.hpp"

namespace rcnn::tests {

/// What may differ between tiny models; equal options give the same file.
struct TinyModelOptions {
  engine::InputSpec input{.width = 160, .height = 128};
  std::uint32_t seed = 4;  ///< Of the weights
  int num_classes = 3;     ///< "class 0", "class 1", ...
  bool class_agnostic = false;
  /// Detectron2's default. On any image more than 20 detections, the limit of these models, are above it.
  float score_threshold = 0.05f;
  bool keypoints = false;  ///< With a keypoint head: 6x6 bins, two convolutions of 16, 17 heatmaps of 24x24
  std::string partition = "fused+box-head";
  bool load_proposals = false;          ///< Fast R-CNN: the same without an RPN
  bool masks = false;                   ///< With a mask head: 6x6 bins, two convolutions of 16, 12x12 masks
  std::string precision = "f32";        ///< In "int8" the plan is tiny_plan()'s
  std::vector<std::string> in_bf16{};   ///< Parts of names of weights that int8's plan leaves in bf16
  engine::ModelConfig::Input pixels{};  ///< Order of channels, mean, deviation
  bool operator==(const TinyModelOptions&) const = default;
};

/// ResNet-18 (stem 8, res2 8), FPN 16, one anchor size a level, two fc of 32: Detectron2's shapes at a
/// thousandth of the work. It detects nothing meaningful.
engine::ModelConfig tiny_config(const TinyModelOptions& options = {});

/// Seeded weights under Detectron2's parameter names, frozen batch norms included, scaled so that activations
/// stay near one and something is found on any image.
engine::Checkpoint tiny_checkpoint(const TinyModelOptions& options = {});

/// A plan for int8 without calibration: steps of 0.02 for what a ReLU writes and of 0.04, signed, for all
/// else, which reach over most values of a tiny model; its image's are of 1.
engine::Quantization tiny_plan(const engine::CompiledModel& model,
                               const std::vector<std::string>& in_bf16 = {});

/// The compiled `*.rcnn` file, in a folder of this process that is removed when it ends. Made on first use.
/// Thread safety: thread-safe.
std::filesystem::path tiny_model(const TinyModelOptions& options = {});

}  // namespace rcnn::tests
