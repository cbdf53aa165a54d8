// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rcnn::engine {

/// A config before it means anything: keys and values as written, `_BASE_` merged in.
struct ConfigTree {
  std::string name;                           ///< Zoo name without ".yaml", or the file
  nlohmann::json values;                      ///< Nested maps
  std::map<std::string, std::string> origin;  ///< "MODEL.RPN.NMS_THRESH" -> the file or zoo name that set it
};

/// Zoo names, file paths and `_BASE_` as load_config describes them.
/// Thread safety: reentrant. \throws ModelError for missing files, cycles, Python configs, unknown names.
ConfigTree read_config_tree(const std::string& name_or_path);

/// Sections of engine/model/data/model_zoo.yaml, whose head says what they hold. Borrowed, for good.
/// Thread safety: thread-safe.
const nlohmann::json& model_zoo(const std::string& section);

}  // namespace rcnn::engine
