// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/model/classifier.hpp"
#include "engine/model/config.hpp"

namespace rcnn::engine {

/// The names of the classes that a checkpoint itself gives, in the order of its outputs; empty where it gives
/// none. It has them under "class_names", or as Detectron2's metadata calls them "thing_classes":
///   .safetensors  in "__metadata__", as the text of a JSON list
///   .pth, .pkl    beside "model", as a list
/// None and null are no names.
///
/// Thread safety: reentrant. \throws ModelError for files that are no checkpoint, and where what it gives is
/// no list of names.
std::vector<std::string> checkpoint_class_names(const std::filesystem::path& file);

/// Names the classes of a network whose number of them is known; no names change nothing. A config's category
/// ids stay: they are its data set's, and names alone make no other data set of it. Thread safety: reentrant.
/// \throws ModelError naming the checkpoint for names of another count.
void name_classes_by_checkpoint(std::vector<std::string> names, const std::filesystem::path& checkpoint,
                                ModelConfig& config);
void name_classes_by_checkpoint(std::vector<std::string> names, const std::filesystem::path& checkpoint,
                                ClassifierConfig& config);

}  // namespace rcnn::engine
