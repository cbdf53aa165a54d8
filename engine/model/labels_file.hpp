// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/model/config.hpp"

namespace rcnn::engine {

/// One class of a model.
struct Label {
  int id = 0;  ///< The data set's own, which COCO JSON gives
  std::string name;
  std::string synset{};  ///< ImageNet's WordNet id, "n01440764"; empty where the file has none
};

/// The classes of a model in the order of its outputs, from a file of the user's:
///  - ending in .yaml or .yml: `classes: [[1, person], [2, bicycle], ...]`, ids first;
///  - ending in .json: as imagenet_class_index.json, {"0": ["n01440764", "tench"], ...}, every class from 0
///  on;
///  - else text with a name a line, empty lines passed over; ids count from 0.
/// UTF-8, with or without a byte order mark; a regular file of 16 MiB at most.
/// \throws SettingError where it cannot be read, ModelError where it is not such a file.
std::vector<Label> read_labels(const std::filesystem::path& file);

/// Fills in class_names and category_ids of a config whose number of classes is known.
/// \throws ModelError for labels of another count; `file` is named in it.
void name_classes(const std::vector<Label>& labels, const std::filesystem::path& file, ModelConfig& config);

}  // namespace rcnn::engine
