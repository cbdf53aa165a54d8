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

}  // namespace rcnn::tests
