// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/model/config_tree.hpp"

namespace rcnn::engine {

/// A config laid over Detectron2's defaults, checked key by key, read by dotted key ("MODEL.RPN.NMS_THRESH").
/// Each refusal is a ModelError that names the config, the key, the value, who set it and what is supported.
/// Keys that are asked for must be among the defaults, of such a type.
///
/// Thread safety: const methods are thread-safe.
class ConfigValues {
 public:
  /// Borrows the tree. \throws ModelError for keys that Detectron2 does not have, values of another type,
  /// unsupported values.
  explicit ConfigValues(const ConfigTree& tree);

  int integer(const std::string& key, int least, int most) const;
  std::int64_t any_integer(const std::string& key) const { return at(key).get<std::int64_t>(); }
  float number(const std::string& key, double least, double most) const;
  bool boolean(const std::string& key) const { return at(key).get<bool>(); }
  std::string text(const std::string& key) const { return at(key).get<std::string>(); }
  /// A list of `count` numbers.
  std::vector<float> numbers(const std::string& key, std::size_t count, double least, double most) const;
  template <std::size_t N>
  std::array<float, N> numbers(const std::string& key, double least, double most) const {
    const auto list = numbers(key, N, least, most);
    std::array<float, N> result{};
    std::copy(list.begin(), list.end(), result.begin());
    return result;
  }
  /// A list of whole numbers, possibly empty, at most 64 of them.
  std::vector<int> integers(const std::string& key, int least, int most) const;
  /// Lists of positive numbers, one a level; one list stands for all levels, as in Detectron2.
  std::vector<std::vector<float>> per_level(const std::string& key, std::size_t levels) const;
  /// The strings of a list; a lone string is a list of one.
  std::vector<std::string> texts(const std::string& key) const;

  /// Whether the config itself (not Detectron2's defaults) gave the key.
  bool is_given(const std::string& key) const { return tree_.origin.contains(key); }
  [[noreturn]] void refuse(const std::string& key, const std::string& accepted) const;

 private:
  const nlohmann::json& at(const std::string& key) const;
  /// What a head would be does not matter where there is none; other projects' heads have keys of their own.
  bool is_of_head_that_is_off(const std::string& key) const;
  /// The config and, where a base gave the key, that base.
  std::string place_of(const std::string& key) const;
  void lay_over(const nlohmann::json& given, nlohmann::json& known, const std::string& prefix);
  void set(const nlohmann::json& given, nlohmann::json& known, const std::string& key);
  void check_supported() const;
  void check_rule(const nlohmann::json& rule) const;

  const ConfigTree& tree_;
  nlohmann::json values_;
};

}  // namespace rcnn::engine
