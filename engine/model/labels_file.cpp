// SPDX-License-Identifier: MIT
#include "engine/model/labels_file.hpp"

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/errors.hpp"
#include "engine/model/yaml_tree.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;

constexpr int kMostId = std::numeric_limits<int>::max();

bool is_id(const json& value) {
  if (!value.is_number_integer()) return false;
  const auto id = value.get<std::int64_t>();
  return id >= std::numeric_limits<int>::min() && id <= kMostId;
}

std::vector<Label> parse_class_list(const std::string& text, const std::string& file) {
  const auto tree = parse_yaml(text, file, YamlText::kVerbatim);
  const auto malformed = [&](const std::string& what) {
    return ModelError("The labels '" + file + "' " + what +
                      ": give classes: [[ID, NAME], ...], ids whole numbers up to " +
                      std::to_string(kMostId) + ", names in quotes where they could be numbers");
  };
  const auto classes = tree.is_object() ? tree.find("classes") : tree.end();
  if (!tree.is_object() || classes == tree.end() || !classes->is_array()) {
    throw malformed("have no list 'classes'");
  }
  std::vector<Label> labels;
  for (const auto& entry : *classes) {
    if (!entry.is_array() || entry.size() != 2 || !is_id(entry[0]) || !entry[1].is_string()) {
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
    labels.push_back({{}, entry->at(1), entry->at(0)});
  }
  return labels;
}

bool is_utf8(const std::string& text) {
  try {
    return !json(text).dump().empty();
  } catch (const json::type_error&) {
    return false;
  }
}

/// Names go into JSON, which is UTF-8, and to C, where a NUL ends them. \throws ModelError naming the line
void require_text(const std::string& text, const std::string& file) {
  std::istringstream lines(text);
  std::size_t number = 1;
  for (std::string line; std::getline(lines, line); ++number) {
    if (line.find('\0') == std::string::npos && is_utf8(line)) continue;
    throw ModelError("The labels '" + file + "' are no UTF-8 text in line " + std::to_string(number) +
                     ": save the file as UTF-8, such as by iconv -f LATIN1 -t UTF-8");
  }
}

/// \throws SettingError where that is not to be read, or no file of labels
std::string read_text(const std::filesystem::path& file) {
  constexpr std::uintmax_t kMost = 16 << 20;  // 10^5 names take 2 MB.
  std::error_code error;
  // Pipes may never give anything, devices never an end.
  const bool regular = std::filesystem::is_regular_file(file, error);
  std::ifstream stream;
  if (regular) stream.open(file, std::ios::binary);
  if (!regular || !stream) {
    throw SettingError(
        "Cannot read the labels '" + file.string() +
        "': give a text file with one label a line, or a YAML file with classes: [[ID, NAME], ...]");
  }
  if (std::filesystem::file_size(file, error) > kMost) {
    throw SettingError("The labels '" + file.string() +
                       "' have more than 16 MiB, which names of classes never take; "
                       "give a text file with one label a line");
  }
  std::string text(std::istreambuf_iterator<char>(stream), {});
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  return text;
}

std::vector<Label> parse_lines(const std::string& text) {
  std::vector<Label> labels;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') {  // Line ends of other systems.
      line.pop_back();
    }
    if (!line.empty()) {
      labels.push_back({{}, line, {}});
    }
  }
  return labels;
}

std::vector<Label> parse_labels(const std::string& text, const std::filesystem::path& file) {
  const auto ending = file.extension();
  if (ending == ".json") return parse_class_index(text, file.string());
  return ending == ".yaml" || ending == ".yml" ? parse_class_list(text, file.string()) : parse_lines(text);
}

}  // namespace

std::vector<Label> read_labels(const std::filesystem::path& file) {
  const auto text = read_text(file);
  require_text(text, file.string());
  auto labels = parse_labels(text, file);
  for (std::size_t i = 0; i < labels.size(); ++i) {  // JSON and YAML can write one down.
    if (labels[i].name.find('\0') == std::string::npos) continue;
    throw ModelError("The labels '" + file.string() +
                     "' have a name with a NUL character in it, that of class " + std::to_string(i) +
                     ": take it out");
  }
  return labels;
}

void name_classes(const std::vector<Label>& labels, const std::filesystem::path& file, ModelConfig& config) {
  const auto count = static_cast<std::size_t>(config.box_head.num_classes);
  if (labels.size() != count) {
    throw ModelError("The labels '" + file.string() + "' name " + std::to_string(labels.size()) +
                     " classes, the model has " + std::to_string(count) +
                     ": give one a class, in the order of its outputs");
  }
  config.class_names.clear();
  std::vector<int> ids;
  for (const auto& label : labels) {
    config.class_names.push_back(label.name);
    if (label.id) ids.push_back(*label.id);
  }
  config.labelled = true;
  if (!ids.empty()) config.category_ids = std::move(ids);
}

}  // namespace rcnn::engine
