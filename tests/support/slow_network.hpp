// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/model/checkpoint.hpp"
#include "engine/model/config.hpp"

namespace rcnn::tests {

/// Backbone, FPN and RPN head as the config's network defines them: unfused, unfolded, one slow operator
/// after the other on the checkpoint's own weights.
///   image  [1, 3, height, width]
/// \returns every value by name, row-major.
std::map<std::string, std::vector<float>> slow_backbone(const engine::ModelConfig& config,
                                                        const engine::Checkpoint& checkpoint,
                                                        std::span<const float> image, int height, int width);

/// The mask head on one detection, likewise.
///   pooled  [1, C, S, S]
/// \returns [2S, 2S] probabilities of class `label`.
std::vector<float> slow_mask_head(const engine::ModelConfig& config, const engine::Checkpoint& checkpoint,
                                  std::span<const float> pooled, int label);

/// The keypoint head on one detection, likewise.
///   pooled  [1, C, S, S]
/// \returns [K, 4S, 4S] heatmaps.
std::vector<float> slow_keypoint_head(const engine::ModelConfig& config, const engine::Checkpoint& checkpoint,
                                      std::span<const float> pooled);

}  // namespace rcnn::tests
