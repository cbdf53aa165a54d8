// SPDX-License-Identifier: MIT
#include "engine/model/config_values.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;

/// JSON, but for the numbers that it has no words for: these as YAML has them.
std::string written(const json& value) {
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    const auto number = value.get<double>();
    return std::isnan(number) ? ".nan" : number > 0 ? ".inf" : "-.inf";
  }
  if (!value.is_array()) return value.dump(-1, ' ', true, json::error_handler_t::replace);
  std::string text;
  for (const auto& item : value) text += (text.empty() ? "" : ",") + written(item);
  return "[" + text + "]";
}

/// Values in messages, short enough to read.
std::string shown(const json& value) {
  auto text = written(value);
  constexpr std::size_t kMost = 120;
  if (text.size() > kMost) text = text.substr(0, kMost) + "...";
  return text;
}

/// A checkpoint of another architecture does not become a supported one by another config.
constexpr const char* kNetworks =
    ". Weights go with the network that they were trained in: take a checkpoint of a ResNet + FPN model of "
    "the zoo ('--config X' lists them), or train one of these";

std::string type_of(const json& value) {
  if (value.is_boolean()) return "true or false";
  if (value.is_number_integer()) return "a whole number";
  if (value.is_number()) return "a number";
  if (value.is_string()) return "text";
  return value.is_array() ? "a list" : "a group of keys";
}

bool is_ignored(const std::string& key) {
  return std::any_of(model_zoo("ignored").begin(), model_zoo("ignored").end(), [&](const json& entry) {
    const auto& known = entry.get_ref<const std::string&>();
    if (!known.ends_with(".*")) return key == known;
    const auto group = known.substr(0, known.size() - 2);
    return key == group || key.starts_with(group + ".");
  });
}

/// Sections all of whose keys are checked. Others belong to training (solver, data loader), or to somebody's
/// own program.
bool is_checked(const std::string& key) {
  return key.starts_with("MODEL.") || key.starts_with("INPUT.") || key.starts_with("TEST.");
}

/// Whether it is a group of which each key is listed.
bool holds_ignored(const std::string& group) {
  return std::any_of(model_zoo("ignored").begin(), model_zoo("ignored").end(), [&](const json& entry) {
    const auto& known = entry.get_ref<const std::string&>();
    return known.starts_with(group + ".") && !known.ends_with(".*");
  });
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto changed = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = std::exchange(row[j], std::min({changed, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

void list_keys(const json& tree, const std::string& prefix, std::vector<std::string>& keys) {
  for (const auto& [key, value] : tree.items()) {
    if (value.is_object()) {
      list_keys(value, prefix + key + ".", keys);
    } else {
      keys.push_back(prefix + key);
    }
  }
}

/// What to do about a key that nobody knows.
std::string suggestion(const std::string& wrong) {
  constexpr std::size_t kSlip = 4;
  std::string plain = "correct or remove it";
  if (wrong.size() > 100) return plain;
  std::vector<std::string> keys;
  list_keys(model_zoo("defaults"), "", keys);
  for (const auto& key : model_zoo("ignored")) keys.push_back(key);
  for (const auto& [section, unused] : model_zoo("defaults").items()) keys.push_back(section);
  const auto* best = &keys.front();
  for (const auto& key : keys) {
    if (edit_distance(wrong, key) < edit_distance(wrong, *best)) best = &key;
  }
  // Of a short name little would be left.
  return edit_distance(wrong, *best) <= std::min(kSlip, wrong.size() / 2) ? "did you mean " + *best + "?"
                                                                          : plain;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

/// Whether a key outside of the checked sections was meant to be one that counts: a slip of two letters,
/// other case, a key that lacks its section.
bool is_slip(const std::string& key, const std::string& name) {
  if (name.size() > 100) return false;
  constexpr std::size_t kLetters = 2;
  for (const auto& [section, below] : model_zoo("defaults").items()) {
    if (key == name && edit_distance(lower(key), lower(section)) <= kLetters) return true;
    if (!below.is_object()) continue;
    for (const auto& [known, unused] : below.items()) {
      if (key == name ? key == known : edit_distance(lower(key), lower(section + "." + known)) <= kLetters)
        return true;
    }
  }
  return key == name && name.find('.') != std::string::npos && is_checked(key);
}

}  // namespace

ConfigValues::ConfigValues(const ConfigTree& tree) : tree_(tree), values_(model_zoo("defaults")) {
  lay_over(tree.values, values_, "");
  // The head's width is the input's either way of saying so.
  if (const auto& width = at("MODEL.FPN.OUT_CHANNELS"); at("MODEL.RPN.CONV_DIMS") == json::array({width})) {
    values_["MODEL"]["RPN"]["CONV_DIMS"] = json::array({-1});
  } else if (at("MODEL.RPN.CONV_DIMS") != json::array({-1})) {
    refuse("MODEL.RPN.CONV_DIMS",
           "[-1] or [" + shown(width) + "], one convolution of FPN.OUT_CHANNELS" + kNetworks);
  }
  check_supported();
}

bool ConfigValues::is_of_head_that_is_off(const std::string& key) const {
  const auto is_on = [&](const char* name) {
    const auto model = tree_.values.find("MODEL");
    return model != tree_.values.end() && model->is_object() && model->value(name, json(false)) == json(true);
  };
  return (key.starts_with("MODEL.ROI_MASK_HEAD.") && !is_on("MASK_ON")) ||
         (key.starts_with("MODEL.ROI_KEYPOINT_HEAD.") && !is_on("KEYPOINT_ON"));
}

std::string ConfigValues::place_of(const std::string& key) const {
  // A group has no origin, but what is first in it has.
  const auto origin = tree_.origin.lower_bound(key);
  const bool known =
      origin != tree_.origin.end() && (origin->first == key || origin->first.starts_with(key + "."));
  if (!known || origin->second == tree_.name || origin->second.ends_with("/" + tree_.name)) return tree_.name;
  return tree_.name + ", _BASE_ " + origin->second;
}

void ConfigValues::lay_over(const json& given, json& known, const std::string& prefix) {
  for (const auto& [name, value] : given.items()) {
    const auto key = prefix + name;
    if (known.contains(name)) {
      set(value, known[name], key);
    } else if (value.is_object() && holds_ignored(key)) {
      json nothing = json::object();
      lay_over(value, nothing, key + ".");
    } else if ((is_checked(key) || is_slip(key, name)) && !is_ignored(key) && !is_of_head_that_is_off(key)) {
      const auto advice = name.find('.') == std::string::npos
                              ? suggestion(key)
                              : "write each part as a key of its own, below the one before it";
      throw ModelError(place_of(key) + ": key " + key.substr(0, 200) + " does not exist in Detectron2; " +
                       advice);
    }
  }
}

void ConfigValues::set(const json& given, json& known, const std::string& key) {
  if (known.is_object()) {
    if (given.is_null()) return;  // "MODEL:" with nothing below it
    if (!given.is_object()) {
      throw ModelError(place_of(key) + ": " + key + " is " + shown(given) +
                       "; expected a group of keys below it");
    }
    lay_over(given, known, key + ".");
    return;
  }
  const bool fits = known.is_number_float()     ? given.is_number()
                    : known.is_number_integer() ? given.is_number_integer()
                    : known.is_array()          ? given.is_array() || key.starts_with("DATASETS.")
                                                : given.type() == known.type();
  if (!fits) {
    throw ModelError(place_of(key) + ": " + key + " is " + shown(given) + "; expected " + type_of(known) +
                     " such as " + shown(known));
  }
  known = given;
}

void ConfigValues::check_supported() const {
  for (const auto& rule : model_zoo("only")) check_rule(rule);
  for (const auto& [condition, rules] : model_zoo("only_with").items()) {
    if (!boolean(condition)) continue;
    for (const auto& rule : rules) check_rule(rule);
  }
}

void ConfigValues::check_rule(const json& rule) const {
  for (const auto& [key, accepted] : rule.items()) {
    const auto& value = at(key);
    if (std::find(accepted.begin(), accepted.end(), value) != accepted.end()) continue;
    std::string list;
    for (const auto& item : accepted) list += (list.empty() ? "" : " or ") + shown(item);
    refuse(key, key.starts_with("MODEL.") ? list + kNetworks : list);
  }
}

const json& ConfigValues::at(const std::string& key) const {
  const json* value = &values_;
  for (std::size_t begin = 0; begin <= key.size();) {
    const auto end = std::min(key.find('.', begin), key.size());
    value = &value->at(key.substr(begin, end - begin));
    begin = end + 1;
  }
  return *value;
}

void ConfigValues::refuse(const std::string& key, const std::string& accepted) const {
  const auto origin = tree_.origin.find(key);
  const auto who = origin == tree_.origin.end()
                       ? "Detectron2's default; neither the config nor its _BASE_ gives it"
                       : "set by " + origin->second;
  throw ModelError(tree_.name + ": " + key + " is " + shown(at(key)) + " (" + who +
                   "); supported: " + accepted);
}

int ConfigValues::integer(const std::string& key, int least, int most) const {
  const auto value = at(key).get<std::int64_t>();
  if (value < least || value > most) refuse(key, std::to_string(least) + " to " + std::to_string(most));
  return static_cast<int>(value);
}

float ConfigValues::number(const std::string& key, double least, double most) const {
  const auto value = at(key).get<double>();
  if (!(value >= least && value <= most)) refuse(key, shown(least) + " to " + shown(most));
  return static_cast<float>(value);
}

std::vector<float> ConfigValues::numbers(const std::string& key, std::size_t count, double least,
                                         double most) const {
  std::vector<float> result;
  for (const auto& item : at(key)) {
    if (!item.is_number() || !(item.get<double>() >= least && item.get<double>() <= most)) break;
    result.push_back(item.get<float>());
  }
  if (result.size() != count || at(key).size() != count) {
    refuse(key,
           "a list of " + std::to_string(count) + " numbers, each " + shown(least) + " to " + shown(most));
  }
  return result;
}

std::vector<int> ConfigValues::integers(const std::string& key, int least, int most) const {
  constexpr std::size_t kMostItems = 64;
  const auto fits = [&](const json& item) {
    return item.is_number_integer() && item.get<std::int64_t>() >= least && item.get<std::int64_t>() <= most;
  };
  const auto& value = at(key);
  if (value.size() > kMostItems || !std::all_of(value.begin(), value.end(), fits)) {
    refuse(key, "a list of at most " + std::to_string(kMostItems) + " whole numbers, each " +
                    std::to_string(least) + " to " + std::to_string(most));
  }
  return value.get<std::vector<int>>();
}

std::vector<std::vector<float>> ConfigValues::per_level(const std::string& key, std::size_t levels) const {
  constexpr double kMost = 1e5;  // Pixels; or far more than any side ratio.
  constexpr std::size_t kMostItems = 64;
  const auto accepted = "a list of positive numbers, or " + std::to_string(levels) + " such lists";
  const auto& value = at(key);
  if (value.empty()) refuse(key, accepted);
  const auto lists = value[0].is_array() ? value : json::array({value});
  std::vector<std::vector<float>> result;
  for (const auto& list : lists) {
    if (!list.is_array() || list.empty() || list.size() > kMostItems) refuse(key, accepted);
    auto& level = result.emplace_back();
    for (const auto& item : list) {
      if (!item.is_number() || !(item.get<double>() > 0 && item.get<double>() <= kMost))
        refuse(key, accepted);
      level.push_back(item.get<float>());
    }
  }
  if (result.size() == 1) result.resize(levels, result.front());
  if (result.size() != levels) refuse(key, accepted);
  return result;
}

std::vector<std::string> ConfigValues::texts(const std::string& key) const {
  const auto& value = at(key);
  std::vector<std::string> result;
  if (value.is_string()) result.push_back(value);
  if (!value.is_array()) return result;
  for (const auto& item : value) {
    if (item.is_string()) result.push_back(item);
  }
  return result;
}

}  // namespace rcnn::engine
