// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/compile/compiler.hpp"
#include "engine/quantize/calibrate.hpp"
#include "launch/progress_bar.hpp"

namespace rcnn::launch {

/// What `compile --precision int8`, or bf16, is told about calibration.
struct CalibrationSettings {
  std::vector<std::string> images;  ///< Folders, files, globs
  int most = 32;                    ///< Images taken, evenly spread over those there are
  std::string range_method = "mse";
  std::optional<double> budget{};  ///< Default: default_budget() of the precision
};

/// Plans and rounds a model that was compiled in f32 by images, on the NeuronCores of this process.
///   precision  "int8" or "bf16"
///   artifact  where the model will be written; trials lie beside it meanwhile
/// Thread safety: thread-bound, one at a time in a process (ActivationTap, Interrupt, spdlog's level).
/// \throws engine::SettingError if there are no images or the model has no RPN, engine::ModelError naming an
/// image that cannot be read or used, engine::Error once it was interrupted
void calibrate(engine::CompiledModel& model, const std::string& precision,
               const CalibrationSettings& settings, const std::filesystem::path& artifact, ProgressBar& bar);

/// Whether an artifact in `precision` was calibrated like this, by images of the same names and contents.
/// Thread safety: thread-bound, as expand_inputs().
/// \throws engine::SettingError if there are none, engine::ModelError if one cannot be read
bool is_calibrated(const engine::Quantization& quantization, const std::string& precision,
                   const CalibrationSettings& settings);

}  // namespace rcnn::launch
