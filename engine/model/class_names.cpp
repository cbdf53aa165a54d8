// SPDX-License-Identifier: MIT
#include "engine/model/class_names.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/model/data_files.hpp"
#include "engine/model/yaml_tree.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;

/// The classes of the data set, or null where it is none that we know.
json classes_of(const std::string& dataset) {
  struct File {
    const char* name;
    std::string_view (*text)();
  };
  static constexpr std::array<File, 6> kFiles{{{"coco.yaml", data::coco_yaml},
                                               {"coco_person.yaml", data::coco_person_yaml},
                                               {"cityscapes.yaml", data::cityscapes_yaml},
                                               {"voc.yaml", data::voc_yaml},
                                               {"lvis_v1.yaml", data::lvis_v1_yaml},
                                               {"lvis_v0_5.yaml", data::lvis_v0_5_yaml}}};
  for (const auto& file : kFiles) {
    auto set = parse_yaml(file.text(), file.name);
    const auto& prefixes = set.at("datasets");
    const bool found = std::any_of(prefixes.begin(), prefixes.end(), [&](const json& prefix) {
      return dataset.starts_with(prefix.get<std::string>());
    });
    if (found) return std::move(set.at("classes"));
  }
  return nullptr;
}

}  // namespace

void name_classes(const std::string& dataset, ModelConfig& config) {
  const auto count = static_cast<std::size_t>(config.box_head.num_classes);
  const auto classes = dataset.empty() ? json() : classes_of(dataset);
  const bool known = classes.is_array() && classes.size() == count;
  for (std::size_t index = 0; index < count; ++index) {
    config.category_ids.push_back(known ? classes[index].at(0).get<int>() : static_cast<int>(index));
    config.class_names.push_back(known ? classes[index].at(1).get<std::string>()
                                       : "class " + std::to_string(index));
  }
}

}  // namespace rcnn::engine
