// SPDX-License-Identifier: MIT
#include "engine/model/yaml_tree.hpp"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <array>
#include <charconv>
#include <istream>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxValues = 100'000;
constexpr std::string_view kYamlTag = "tag:yaml.org,2002:";

std::size_t count_values(const json& value) {
  std::size_t count = 1;
  if (value.is_structured()) {
    for (const auto& item : value) count += count_values(item);
  }
  return count;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const auto word : words) {
    if (text == word) return true;
  }
  return false;
}

/// YAML 1.1: 1_000, 0x1F and 017 are numbers.
json yaml_number(const std::string& text) {
  std::string digits;
  for (const char c : text) {
    if (c != '_') digits += c;
  }
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.erase(0, 1);
  if (digits.empty() || ((digits[0] < '0' || digits[0] > '9') && digits[0] != '.')) return json();
  const bool hex = digits.starts_with("0x");
  const bool octal = !hex && digits.size() > 1 && digits.find_first_not_of("01234567") == std::string::npos &&
                     digits[0] == '0';
  const char* begin = digits.data() + (hex ? 2 : 0);
  const char* end = digits.data() + digits.size();
  std::int64_t whole = 0;
  const auto [stop, error] = std::from_chars(begin, end, whole, hex ? 16 : octal ? 8 : 10);
  if (error == std::errc() && stop == end) return negative ? -whole : whole;
  double real = 0;
  const auto [real_stop, real_error] = std::from_chars(begin, end, real);
  if (!hex && real_error == std::errc() && real_stop == end) return negative ? -real : real;
  return json();
}

/// None where YAML has no other type for it than text.
std::optional<json> typed_scalar(const std::string& text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return json();
  if (is_one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) return true;
  if (is_one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})) return false;
  if (is_one_of(text, {".inf", ".Inf", ".INF", "+.inf"})) return std::numeric_limits<double>::infinity();
  if (is_one_of(text, {"-.inf", "-.Inf", "-.INF"})) return -std::numeric_limits<double>::infinity();
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) return std::numeric_limits<double>::quiet_NaN();
  if (auto number = yaml_number(text); !number.is_null()) return number;
  return std::nullopt;
}

/// Builds the tree from the parser's events and stops it at the first bound that is passed.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string where, YamlText strings) : where_(std::move(where)), strings_(strings) {}

  json take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override { mark_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, anchor, json()); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) fail(mark, "an alias refers to a value that it is itself a part of");
    values_ += count_values(found->second) - 1;  // add() counts one
    check_count(mark);                           // Before the copy is made
    add(mark, 0, found->second);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const auto kind = check_tag(mark, tag);
    if (expects_key()) {
      if (text == "<<") fail(mark, "merge keys ('<<') are not supported; write the keys out or use _BASE_");
      key(text);
      return;
    }
    const bool plain = kind.empty() || kind == "int" || kind == "float" || kind == "bool" || kind == "null";
    const bool verbatim = kind == "str" || kind == "python/str" || kind == "python/unicode";
    const auto typed = plain ? typed_scalar(text) : std::nullopt;
    const bool literal = !verbatim && strings_ == YamlText::kLiteral;
    add(mark, anchor, typed ? *typed : literal ? parse_python_literal(text) : json(text));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(mark, anchor, json::array());
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(mark, anchor, json::object());
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    json value;
    YAML::anchor_t anchor = 0;
    std::string key;
    bool has_key = false;
  };

  [[noreturn]] void fail(const YAML::Mark& mark, const std::string& what) const {
    throw ModelError(where_ + ": line " + std::to_string(mark.line + 1) + ": " + what);
  }

  /// What the tag says beyond "plain" (empty): "quoted", or YAML's and Python's own harmless types.
  std::string check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?") return "";
    if (tag == "!") return "quoted";
    if (tag.starts_with(kYamlTag)) {
      auto kind = tag.substr(kYamlTag.size());
      if (is_one_of(kind, {"str", "int", "float", "bool", "null", "seq", "map", "python/tuple", "python/list",
                           "python/dict", "python/str", "python/unicode"})) {
        return kind;
      }
    }
    fail(mark, "tag '" + tag + "' would construct an object; accepted are plain values, lists, maps and " +
                   "!!python/tuple: write the config with cfg.dump()");
  }

  bool expects_key() const {
    return !levels_.empty() && levels_.back().value.is_object() && !levels_.back().has_key;
  }

  void key(const std::string& text) {
    levels_.back().key = text;
    levels_.back().has_key = true;
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, json value) {
    if (expects_key()) fail(mark, "a list or map stands where a key should");
    if (levels_.size() == kMaxDepth)
      fail(mark, "nested more than " + std::to_string(kMaxDepth) + " levels deep");
    mark_ = mark;
    levels_.push_back({std::move(value), anchor, {}, false});
  }

  void close() {
    auto level = std::move(levels_.back());
    levels_.pop_back();
    add(mark_, level.anchor, std::move(level.value));
  }

  void check_count(const YAML::Mark& mark) const {
    if (values_ > kMaxValues) fail(mark, "more than " + std::to_string(kMaxValues) + " values");
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, json value) {
    ++values_;
    check_count(mark);
    if (expects_key()) fail(mark, "a key is not plain text");
    if (anchor != 0) anchors_[anchor] = value;
    if (levels_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& level = levels_.back();
    if (level.value.is_array()) {
      level.value.push_back(std::move(value));
    } else {
      level.value[level.key] = std::move(value);  // The last of equal keys counts, as in PyYAML.
      level.has_key = false;
    }
  }

  std::string where_;
  YamlText strings_;
  YAML::Mark mark_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, json> anchors_;
  std::size_t values_ = 0;
  json root_;
};

}  // namespace

json parse_yaml(std::string_view text, const std::string& where, YamlText strings) {
  if (text.size() > kMaxBytes) {
    throw ModelError(where + ": " + std::to_string(text.size()) + " bytes are no config; at most " +
                     std::to_string(kMaxBytes) + " are read");
  }
  if (text.find('\0') != std::string_view::npos) {
    throw ModelError(where + ": holds zero bytes, so it is no YAML; give the config, not the weights");
  }
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(where, strings);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return json();
    auto tree = builder.take();
    TreeBuilder next(where, strings);
    if (parser.HandleNextDocument(next) && !next.take().is_null()) {
      throw ModelError(where + ": holds a second YAML document; a config is one");
    }
    return tree;
  } catch (const YAML::Exception& error) {
    throw ModelError(where + ": not readable as YAML: " + error.what());
  }
}

}  // namespace rcnn::engine
