// SPDX-License-Identifier: MIT
#include "engine/model/checkpoint_class_names.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <utility>

#include "engine/errors.hpp"
#include "engine/model/checkpoint_formats.hpp"
#include "engine/model/file_bytes.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 2> kKeys{"class_names", "thing_classes"};

constexpr const char* kOfGraphs = " (for --bind when the graph is made)";

[[noreturn]] void refuse(const std::string& where, std::string_view key) {
  throw ModelError(
      where + ": its '" + std::string(key) +
      "' is no list of names, one a class in the order of training: name them with --labels FILE, "
      "which goes before the checkpoint's names" +
      kOfGraphs);
}

std::vector<std::string> names_in_metadata(std::span<const std::byte> bytes, const std::string& where) {
  for (const auto key : kKeys) {
    const auto text = read_safetensors_metadata(bytes, where, std::string(key));
    if (!text) continue;
    const auto list = json::parse(*text, nullptr, false);
    if (list.is_null()) continue;
    if (!list.is_array() || !std::ranges::all_of(list, [](const json& name) { return name.is_string(); })) {
      refuse(where, key);
    }
    return list.get<std::vector<std::string>>();
  }
  return {};
}

std::vector<std::string> names_in_list(const pickle::Document& document, pickle::Ref ref,
                                       const std::string& where, std::string_view key) {
  const auto* list = document.get_if<pickle::Sequence>(ref);
  if (list == nullptr) refuse(where, key);
  std::vector<std::string> names;
  for (const auto item : list->items) {
    const auto* name = document.get_if<pickle::Text>(item);
    if (name == nullptr || name->is_bytes) refuse(where, key);
    names.emplace_back(name->raw);
  }
  return names;
}

std::vector<std::string> names_in_pickle(std::span<const std::byte> bytes, const std::string& where) {
  const auto document = pickle::read(bytes, where);
  const auto* top = document.get_if<pickle::Dict>(document.root);
  if (top == nullptr) return {};
  for (const auto key : kKeys) {
    for (const auto& [name, value] : top->items) {
      const auto* text = document.get_if<pickle::Text>(name);
      if (text == nullptr || text->raw != key || document.get_if<pickle::None>(value) != nullptr) continue;
      return names_in_list(document, value, where, key);
    }
  }
  return {};
}

void check_count(std::size_t names, std::size_t classes, const std::filesystem::path& checkpoint,
                 const std::string& network) {
  if (names == classes) return;
  throw ModelError(checkpoint.string() + ": it names " + std::to_string(names) + " classes, the " + network +
                   ": name them with --labels FILE, one a class, which goes before the checkpoint's names" +
                   kOfGraphs);
}

}  // namespace

std::vector<std::string> checkpoint_class_names(const std::filesystem::path& file) {
  const auto where = file.string();
  const FileBytes head(file, kMaxSafetensorsHead);
  const auto format = checkpoint_format(head.bytes(), where);
  if (format == "safetensors") return names_in_metadata(head.bytes(), where);
  const FileBytes whole(file);
  if (format == "pkl") return names_in_pickle(whole.bytes(), where);
  return names_in_pickle(read_torch_pickle(whole.bytes(), where), where);
}

void name_classes_by_checkpoint(std::vector<std::string> names, const std::filesystem::path& checkpoint,
                                ModelConfig& config) {
  if (names.empty()) return;
  check_count(names.size(), config.class_names.size(), checkpoint,
              "config has " + std::to_string(config.class_names.size()) + " (MODEL.ROI_HEADS.NUM_CLASSES)");
  config.class_names = std::move(names);
}

void name_classes_by_checkpoint(std::vector<std::string> names, const std::filesystem::path& checkpoint,
                                ClassifierConfig& config) {
  if (names.empty()) return;
  check_count(names.size(), config.class_names.size(), checkpoint,
              "classifier has " + std::to_string(config.class_names.size()));
  config.class_names = std::move(names);
}

}  // namespace rcnn::engine
