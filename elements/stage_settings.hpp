// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "engine/runtime/core_pool.hpp"

namespace rcnn::elements {

/// What happens to a frame whose stage failed.
enum class OnError { kStop, kPass, kDrop };

/// What happens to a frame that finds no free slot, or comes too late.
enum class DropPolicy {
  kNone,    ///< It waits, and upstream with it
  kNewest,  ///< It is dropped
  kOldest,  ///< It waits in the one place there is; the next one takes that place, and it is dropped
  kLate     ///< It waits; past the deadline it is dropped
};

/// An element's properties as plain values.
struct StageSettings {
  std::string model;
  std::string cores;
  engine::Placement placement = engine::Placement::kReplicate;
  int max_in_flight = 4;
  engine::DispatchPolicy dispatch = engine::DispatchPolicy::kRoundRobin;
  int priority = 0;
  int batch_size = 1;
  std::uint64_t batch_timeout = 10'000'000;  ///< ns
  bool deterministic = false;  ///< engine::LoadOptions
  DropPolicy drop_policy = DropPolicy::kNone;
  std::uint64_t deadline = 200'000'000;  ///< ns
  int inference_interval = 1;
  bool qos = false;
  double score_threshold = -1;  ///< < 0: the model's own
  bool overlay = true;
  OnError on_error = OnError::kStop;
};

}  // namespace rcnn::elements
