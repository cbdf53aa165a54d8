// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/config.hpp"

namespace rcnn::engine {

/// One class of a model.
struct Label {
  std::optional<int> id{};  ///< The data set's own, which COCO JSON gives; YAML alone says it
  std::string name;
  std::string synset{};  ///< ImageNet's WordNet id, "n01440764"; empty where the file has none
};

/// The classes of a model in the order of its outputs, from a file of the user's:
///  - ending in .yaml or .yml: `classes: [[1, person], [2, bicycle], ...]`, ids first;
///  - ending in .json: as imagenet_class_index.json, {"0": ["n01440764", "tench"], ...}, every class from 0
///  on;
///  - else text with a name a line, empty lines passed over.
/// UTF-8, with or without a byte order mark; a regular file of 16 MiB at most. Thread safety: reentrant.
/// \throws SettingError where it cannot be read, ModelError where it is not such a file.
std::vector<Label> read_labels(const std::filesystem::path& file);

/// Names the classes of a config whose number of them is known. Where the labels have ids, these become the
/// category ids; else those that the config has stay, which are its data set's: names, in whatever language,
/// make no other data set of it. Thread safety: reentrant. \throws ModelError for labels of another count;
/// `file` is named in it.
void name_classes(const std::vector<Label>& labels, const std::filesystem::path& file, ModelConfig& config);

}  // namespace rcnn::engine
