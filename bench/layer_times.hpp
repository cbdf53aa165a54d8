// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
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
/// Thread safety: reentrant.
std::vector<Layer> layers_of(const engine::Artifact& artifact, engine::Size padded);

/// How quick a layer is on this thread.
struct LayerTimes {
  std::map<engine::Conv2dAlgorithm, double> ms;  ///< processor_ms by every algorithm it may run with
  engine::Conv2dAlgorithm pick;                  ///< What programs run
  std::optional<double> library_ms;              ///< By oneDNN, where `direct` runs on a kernel of our own
};
/// Its products are of f32, bf16 or s8 (u8 with s8), its result is of the type that it reads. The algorithms
/// take turns, the best of `rounds` counts. Thread safety: thread-bound: what other threads of the process do
/// is counted, too (processor_ms).
LayerTimes layer_times(const Layer& layer, engine::DType type, int rounds);

}  // namespace rcnn::bench
