// SPDX-License-Identifier: MIT
#include "engine/model/config_tree.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "engine/errors.hpp"
#include "engine/model/config.hpp"
#include "engine/model/data_files.hpp"
#include "engine/model/yaml_tree.hpp"

namespace rcnn::engine {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kBase = "_BASE_";
constexpr std::size_t kMaxChain = 16;  // Detectron2's own configs go three deep.
constexpr std::uintmax_t kMaxFile = std::uintmax_t{1} << 20;

std::string without_yaml(std::string name) {
  for (const auto* suffix : {".yaml", ".yml"}) {
    if (name.ends_with(suffix)) name.resize(name.size() - std::string(suffix).size());
  }
  return name;
}

std::string known_names() {
  std::string text;
  for (const auto& name : zoo_names()) text += "\n  " + name;
  return text;
}

/// The built-in config that a _BASE_ names as the zoo's own files do ("../Base-RCNN-FPN.yaml",
/// "../COCO-Detection/faster_rcnn_R_50_FPN_3x.yaml", a lone "mask_rcnn_R_50_FPN_3x_gn.yaml" where only one
/// family has it); null if there is none. Another folder is a file's, which has to be there.
const json* find_built_in(const std::string& name, std::string& full_name) {
  const json* found = nullptr;
  auto asked = fs::path(without_yaml(name)).lexically_normal().string();
  while (asked.starts_with("../")) asked.erase(0, 3);
  for (const auto* section : {"bases", "zoo", "elsewhere"}) {
    for (const auto& [known, value] : model_zoo(section).items()) {
      if (known == asked) {
        full_name = known;
        return &value;
      }
      if (fs::path(known).filename() != asked) continue;
      if (found != nullptr) return nullptr;  // Ambiguous: several families have models of one name.
      full_name = known;
      found = &value;
    }
  }
  return found;
}

ModelError python_config(const std::string& name) {
  return ModelError(
      name + ": Python configs (LazyConfig) are not run; give a YAML config, such as cfg.dump() writes");
}

/// Follows _BASE_ and merges, keeping note of who set what.
class Merger {
 public:
  ConfigTree tree;

  void built_in(const std::string& name, const json& value) {
    const Link link(*this, name);
    if (value.contains(kBase)) {
      std::string base_name;
      const json* base = find_built_in(value.at(kBase), base_name);
      if (base == nullptr) throw ModelError(name + ": its base is not built in");
      built_in(base_name, *base);
    }
    merge(value, tree.values, name, "");
  }

  void file(const fs::path& path) {
    const auto name = path.string();
    if (path.extension() == ".py") throw python_config(name);
    std::error_code error;
    const Link link(*this, fs::weakly_canonical(path, error).string());
    const auto text = read_text(path);
    auto value = parse_yaml(text, name);
    if (!value.is_object()) {
      throw ModelError(name + ": is no Detectron2 config: expected keys such as MODEL, found " +
                       std::string(value.is_null() ? "nothing" : value.type_name()));
    }
    if (value.contains(kBase)) {
      const auto bases = value.at(kBase).is_array() ? value.at(kBase) : json::array({value.at(kBase)});
      for (const auto& base : bases) {
        if (!base.is_string()) throw ModelError(name + ": _BASE_ must name a file or a model-zoo config");
        follow(base.get<std::string>(), path);
      }
    }
    merge(value, tree.values, name, "");
  }

 private:
  /// One step of the chain of bases; a name that is in it already is a cycle.
  struct Link {
    Link(Merger& merger, std::string name) : merger_(merger) {
      auto& chain = merger.chain_;
      const bool again = std::find(chain.begin(), chain.end(), name) != chain.end();
      chain.push_back(std::move(name));
      if (!again && chain.size() <= kMaxChain) return;
      std::string text;
      for (const auto& link : chain) text += (text.empty() ? "" : " -> ") + link;
      throw ModelError((again ? "_BASE_ goes round in a circle: " : "_BASE_ goes too deep: ") + text);
    }
    ~Link() { merger_.chain_.pop_back(); }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

   private:
    Merger& merger_;
  };

  static std::string read_text(const fs::path& path) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) throw ModelError(path.string() + ": is not a regular file");
    const auto size = fs::file_size(path, error);
    if (!error && size > kMaxFile) {
      throw ModelError(path.string() + ": " + std::to_string(size) + " bytes are no config; at most " +
                       std::to_string(kMaxFile) + " are read");
    }
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) throw ModelError(path.string() + ": cannot be read");
    return text.str();
  }

  void follow(const std::string& base, const fs::path& from) {
    if (base.find("://") != std::string::npos) {
      throw ModelError(from.string() + ": _BASE_ " + base +
                       " is not fetched; download it and name the file, or name a model-zoo config");
    }
    const auto path = from.parent_path() / base;
    std::error_code error;
    if (fs::exists(path, error)) return file(path);
    std::string name;
    const json* value = find_built_in(base, name);
    if (value == nullptr) {
      throw ModelError(from.string() + ": _BASE_ " + base + " is neither a file (" + path.string() +
                       ") nor a built-in config; built in are:\n  Base-RCNN-FPN.yaml" + known_names());
    }
    built_in(name, *value);
  }

  void merge(const json& from, json& into, const std::string& who, const std::string& prefix) {
    if (!into.is_object()) into = json::object();
    for (const auto& [key, value] : from.items()) {
      if (prefix.empty() && key == kBase) continue;
      const auto path = prefix + key;
      if (value.is_null() && into.contains(key) && into.at(key).is_object())
        continue;  // "RPN:" and nothing below
      if (value.is_object()) {
        merge(value, into[key], who, path + ".");
      } else {
        into[key] = value;
      }
      tree.origin[path] = who;
    }
  }

  std::vector<std::string> chain_;
};

}  // namespace

const json& model_zoo(const std::string& section) {
  static const json zoo = parse_yaml(data::model_zoo_yaml(), "model_zoo.yaml");
  return zoo.at(section);
}

ConfigTree read_config_tree(const std::string& name_or_path) {
  Merger merger;
  std::error_code error;
  if (const fs::path path(name_or_path); fs::exists(path, error) && !fs::is_directory(path, error)) {
    merger.file(path);
    merger.tree.name = path.filename().string();
    return std::move(merger.tree);
  }
  const auto name = without_yaml(name_or_path);
  for (const auto* section : {"zoo", "bases", "elsewhere"}) {
    const auto& known = model_zoo(section);
    if (!known.contains(name)) continue;
    merger.built_in(name, known.at(name));
    merger.tree.name = name;
    return std::move(merger.tree);
  }
  if (name_or_path.ends_with(".py")) throw python_config(name_or_path);
  throw ModelError("config '" + name_or_path +
                   "' is neither a file nor a model-zoo name; known are:" + known_names());
}

}  // namespace rcnn::engine
