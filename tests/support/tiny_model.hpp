// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

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
  bool load_proposals = false;  ///< Fast R-CNN: the same without an RPN
  bool masks = false;           ///< With a mask head: 6x6 bins, two convolutions of 16, 12x12 masks
  bool operator==(const TinyModelOptions&) const = default;
};

/// ResNet-18 (stem 8, res2 8), FPN 16, one anchor size a level, two fc of 32: Detectron2's shapes at a
/// thousandth of the work. It detects nothing meaningful.
engine::ModelConfig tiny_config(const TinyModelOptions& options = {});

/// Seeded weights under Detectron2's parameter names, frozen batch norms included, scaled so that activations
/// stay near one and something is found on any image.
engine::Checkpoint tiny_checkpoint(const TinyModelOptions& options = {});

/// The compiled `*.rcnn` file, in a folder of this process that is removed when it ends. Made on first use.
/// Thread safety: thread-safe.
std::filesystem::path tiny_model(const TinyModelOptions& options = {});

}  // namespace rcnn::tests
