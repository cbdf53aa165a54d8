// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>

#include "bench/model_layers.hpp"
#include "engine/ops/ops.hpp"

namespace rcnn::bench {

/// How quick a layer is on this thread.
struct LayerTimes {
  std::map<engine::Conv2dAlgorithm, double> ms;  ///< processor_ms by every algorithm it may run with
  engine::Conv2dAlgorithm pick;                  ///< What programs run
  std::optional<double> library_ms;              ///< By oneDNN, where `direct` runs on a kernel of our own
};
/// Its products are of f32, bf16 or s8 (u8 with s8), its result is of the type that it reads, of layers with
/// a second one in f32, as the network's. The algorithms take turns, the best of `rounds` counts.
/// Thread safety: thread-bound: what other threads of the process do is counted, too (processor_ms).
LayerTimes layer_times(const Layer& layer, engine::DType type, int rounds);

}  // namespace rcnn::bench
