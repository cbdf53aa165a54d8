// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/image/resize.hpp"
#include "engine/ops/ops.hpp"

namespace rcnn::bench {

/// A convolution of a model, as often as the model has it with these sizes.
struct Layer {
  std::int64_t in_channels = 0, out_channels = 0, height = 0, width = 0;  ///< Of the input
  int kernel = 1, stride = 1;
  int count = 0;
  double gflop = 0;  ///< Of one, by definition: multiply-adds counted as two
};

/// The distinct convolutions of the image program, ungrouped, by decreasing share of the operations.
std::vector<Layer> layers_of(const engine::Artifact& artifact, engine::Size padded);

/// Milliseconds (processor_ms) by every algorithm that the layer may run with on this thread, best of
/// `rounds`, which take turns.
std::map<engine::Conv2dAlgorithm, double> layer_times(const Layer& layer, int rounds);

}  // namespace rcnn::bench
