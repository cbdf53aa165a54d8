// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace rcnn::tests {

/// The deterministic checkpoint of a reference model ("faster_rcnn_R_50_FPN_3x") as safetensors: made once by
/// golden/weights.py of the shared folder into the build folder and kept there. Several processes may ask at
/// once. \returns an empty path where the generator, python3 or numpy is missing (the reason goes to stderr):
/// skip then.
std::filesystem::path reference_weights(const std::string& arch);

}  // namespace rcnn::tests
