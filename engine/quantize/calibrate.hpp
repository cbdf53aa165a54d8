// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "engine/compile/compiler.hpp"
#include "engine/quantize/layer_methods.hpp"
#include "engine/runtime/activation_tap.hpp"

namespace rcnn::engine {

struct CalibrationOptions {
  std::string precision = "int8";    ///< Or "bf16", which has no ranges to learn
  int images = 0;                    ///< That there are
  int search_images = 4;             ///< Of them, that every trial runs
  std::string range_method = "mse";  ///< A name of range_methods()
  /// Error that each program's outputs may have, its inputs being exact: mean absolute, as a share of their
  /// standard deviation. In bf16, how much more they may err than with all layers careful, as a share of
  /// that: bf16's own rounding is chosen with it. Layers leave int8, in bf16 their quickest method, until it
  /// is kept to.
  double budget = 0;
  LayerMethods methods{};  ///< What layers are computed by
  LayerMethods careful{};  ///< And what in bf16 where they are too sensitive for that
  /// Where the model will be written; trial artifacts lie beside it under hidden names (PendingFile)
  std::filesystem::path target;
};

/// The budget that suits a precision: "int8" or "bf16". Thread safety: reentrant.
double default_budget(const std::string& precision);

/// Runs an artifact on the first `images` calibration images with the tap installed, but not while the model
/// is warmed up; by the same algorithms every time. \throws Error if it cannot
using RunImages = std::function<void(const std::filesystem::path& artifact, int images,
                                     const std::shared_ptr<ActivationTap>& tap, const std::string& what)>;

/// Finds the plan of a model that was compiled in f32: in int8 learns the ranges of its values on all images;
/// then tries each program as planned with more and more of its most sensitive layers left out, until the
/// budget is kept to. The same images give the same plan. Thread safety: one at a time in a process, if
/// `run` installs the tap there (ActivationTap::Scope); `run` is called on the calling thread. \throws Error
/// of `run`, ModelError, SettingError
Quantization calibrate(const CompiledModel& model, const CalibrationOptions& options, const RunImages& run);

}  // namespace rcnn::engine
