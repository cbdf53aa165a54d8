// SPDX-License-Identifier: MIT
#include "engine/model/labels_file.hpp"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/errors.hpp"
#include "engine/model/yaml_tree.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;

std::vector<Label> parse_class_list(const std::string& text, const std::string& file) {
  const auto tree = parse_yaml(text, file);
  const auto malformed = [&](const std::string& what) {
    return ModelError("The labels '" + file + "' " + what +
                      ": give classes: [[ID, NAME], ...], ids whole numbers");
  };
  const auto classes = tree.is_object() ? tree.find("classes") : tree.end();
  if (!tree.is_object() || classes == tree.end() || !classes->is_array()) {
    throw malformed("have no list 'classes'");
  }
  std::vector<Label> labels;
  for (const auto& entry : *classes) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_number_integer() || !entry[1].is_string()) {
      throw malformed("have an entry " + entry.dump());
    }
    labels.push_back({entry[0].get<int>(), entry[1].get<std::string>(), {}});
  }
  return labels;
}

std::vector<Label> parse_class_index(const std::string& text, const std::string& file) {
  const auto index = json::parse(text, nullptr, false);
  if (!index.is_object()) {
    throw ModelError("The labels '" + file +
                     R"(' are no JSON object: give {"0": ["n01440764", "tench"], ...})");
  }
  std::vector<Label> labels;
  for (std::size_t i = 0; i < index.size(); ++i) {
    const auto entry = index.find(std::to_string(i));
    if (entry == index.end() || !entry->is_array() || entry->size() != 2 || !entry->at(0).is_string() ||
        !entry->at(1).is_string()) {
      throw ModelError("The labels '" + file + "' lack an entry \"" + std::to_string(i) +
                       "\": [SYNSET, NAME]; give every class from 0 on");
    }
    labels.push_back({static_cast<int>(i), entry->at(1), entry->at(0)});
  }
  return labels;
}

std::vector<Label> parse_lines(const std::string& text) {
  std::vector<Label> labels;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') {  // Line ends of other systems.
      line.pop_back();
    }
    if (!line.empty()) {
      labels.push_back({static_cast<int>(labels.size()), line, {}});
    }
  }
  return labels;
}

}  // namespace

std::vector<Label> read_labels(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream || std::filesystem::is_directory(file)) {
    throw SettingError(
        "Cannot read the labels '" + file.string() +
        "': give a text file with one label a line, or a YAML file with classes: [[ID, NAME], ...]");
  }
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  const auto ending = file.extension();
  if (ending == ".json") return parse_class_index(text, file.string());
  return ending == ".yaml" || ending == ".yml" ? parse_class_list(text, file.string()) : parse_lines(text);
}

void name_classes(const std::vector<Label>& labels, const std::filesystem::path& file, ModelConfig& config) {
  const auto count = static_cast<std::size_t>(config.box_head.num_classes);
  if (labels.size() != count) {
    throw ModelError("The labels '" + file.string() + "' name " + std::to_string(labels.size()) +
                     " classes, the model has " + std::to_string(count) +
                     ": give one a class, in the order of its outputs");
  }
  config.category_ids.clear();
  config.class_names.clear();
  for (const auto& label : labels) {
    config.category_ids.push_back(label.id);
    config.class_names.push_back(label.name);
  }
}

}  // namespace rcnn::engine
