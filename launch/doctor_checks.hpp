// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rcnn::launch {

// Thread safety: thread-safe, as long as nobody changes the environment.

enum class Health : std::uint8_t { kOk, kWarn, kFail };

/// One line of `doctor`.
struct Check {
  Health health = Health::kOk;
  std::string what;
  std::string found;
  std::string advice;  ///< What to do; empty where all is well
};
using Checks = std::vector<Check>;

/// GStreamer's version, the plugin in its registry (missing, blacklisted, unloadable are told apart), the
/// own elements, and the stock elements that pipelines use, with the Debian package of each missing one.
/// Initialises GStreamer; the static plugin must not be registered, since it would hide a missing one.
Checks check_gstreamer();

/// The processor's features and what oneDNN makes of them.
Checks check_processor();

/// What runs where no model is named: whether it is there and a detector, by its header. A program without it
/// is of use still, so that it is missing or broken is a warning.
Checks check_default_model();

/// Which algorithm 3x3 convolutions run with here (for a map of 50x50), and where that is kept.
Checks check_convolutions();

/// The emulated NeuronCores, every NEURON_* variable with its effect, and memory.
Checks check_cores();

}  // namespace rcnn::launch
