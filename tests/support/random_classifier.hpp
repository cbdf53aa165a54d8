// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "engine/model/checkpoint.hpp"

namespace rcnn::tests {

/// Seeded weights of a torchvision classifier under its parameter names, scaled so that activations stay near
/// one. It recognises nothing.
engine::Checkpoint random_classifier(const std::string& arch, int classes);

/// ResNet-18 with 7 classes for 64x64 pixels, compiled: a `*.rcnn` file in a folder of this process that is
/// removed when it ends. Made on first use. Thread safety: thread-safe.
std::filesystem::path tiny_classifier();

}  // namespace rcnn::tests
