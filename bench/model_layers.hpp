// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/image/resize.hpp"

namespace rcnn::bench {

/// A convolution or fully connected layer of models, as often as each has it with these sizes.
struct Layer {
  std::int64_t in_channels = 0, out_channels = 0, height = 0, width = 0;  ///< Of the input
  int kernel = 1, stride = 1;
  bool matrix = false;               ///< Fully connected: `width` rows of `in_channels`, height 1
  std::int64_t second_channels = 0;  ///< Of a second 1x1 convolution that may be computed with it; 0 = none
  std::vector<int> counts{};         ///< In each model
  std::vector<std::string> names{};  ///< Of the models' nodes, each once
  double gflop = 0;                  ///< Of one, with its second: multiply-adds by definition, counted as two
};

/// The distinct layers of what every image runs, backbone to box head with all its regions, ungrouped, by
/// decreasing share of the first model's operations. Thread safety: reentrant.
std::vector<Layer> layers_of(const std::vector<std::shared_ptr<const engine::Artifact>>& models,
                             engine::Size padded);

}  // namespace rcnn::bench
