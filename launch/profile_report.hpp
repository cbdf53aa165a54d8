// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/runtime/trace.hpp"

namespace rcnn::launch {

// Thread safety: all functions are reentrant.

/// One operator over all frames. What a host stage does counts as one operator.
struct ProfiledOperator {
  std::string name;            ///< Module path; of host stages the stage's element
  std::string op;              ///< "Conv2d"; of host stages what they do: "RoIAlign"
  std::string implementation;  ///< "winograd:F(4x4,3x3)", "jit:avx2"; of host stages empty
  std::string where;           ///< The core program that it belongs to, or "host", as `analyze` says it
  engine::Shape shape;         ///< Of the output; of host stages empty
  std::uint64_t calls = 0;
  double total_ms = 0;
  double share = 0;  ///< Of the sum over all operators
};

/// One part of a stage over all frames, in the order that a frame meets them.
struct ProfiledStage {
  std::string element;
  std::string part;
  std::uint64_t frames = 0;
  double total_ms = 0;  ///< From entering to leaving, waiting for a core included
};

/// What a model's frames took, added up from a trace.
struct Profile {
  std::vector<ProfiledOperator> operators;  ///< Longest first
  std::vector<ProfiledStage> stages;        ///< Of detectors
  double busy_ms = 0;                       ///< Sum over all operators
  double on_cores_ms = 0;                   ///< Of that, on NeuronCores
};

/// Operators of a shape and place that the name is shared by (a head that runs on every level) are one line
/// per shape.
Profile add_up(std::span<const engine::TraceSpan> spans);

/// The same by kind of operator and place, longest first; `name` is empty, shape too.
std::vector<ProfiledOperator> by_kind(const Profile& profile);

}  // namespace rcnn::launch
