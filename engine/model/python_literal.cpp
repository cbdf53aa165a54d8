// SPDX-License-Identifier: MIT
#include <charconv>
#include <optional>
#include <utility>

#include "engine/model/yaml_tree.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 16;

/// What `ast.literal_eval` makes of the literals that configs hold; nullopt where the text is no such
/// literal.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text) {}

  std::optional<json> whole() {
    auto value = parse(0);
    skip_spaces();
    return at_ == text_.size() ? value : std::nullopt;
  }

 private:
  std::optional<json> parse(int depth) {
    skip_spaces();
    if (at_ == text_.size() || depth > kMaxDepth) return std::nullopt;
    switch (text_[at_]) {
      case '(':
        return sequence(')', depth);
      case '[':
        return sequence(']', depth);
      case '\'':
      case '"':
        return quoted();
      default:
        return word();
    }
  }

  /// "(1, 2)" and "(1,)" are lists of what is inside; "(1)" is 1.
  std::optional<json> sequence(char close, int depth) {
    ++at_;
    json items = json::array();
    bool comma = false;
    for (;;) {
      skip_spaces();
      if (at_ == text_.size()) return std::nullopt;
      if (text_[at_] == close) break;
      if (!items.empty() && !comma) return std::nullopt;
      auto item = parse(depth + 1);
      if (!item) return std::nullopt;
      items.push_back(std::move(*item));
      skip_spaces();
      comma = at_ < text_.size() && text_[at_] == ',';
      if (comma) ++at_;
    }
    ++at_;
    if (close == ')' && items.size() == 1 && !comma) return items[0];
    return items;
  }

  std::optional<json> quoted() {
    const char quote = text_[at_];
    const auto end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return std::nullopt;
    const auto inside = text_.substr(at_ + 1, end - at_ - 1);
    if (inside.find('\\') != std::string_view::npos)
      return std::nullopt;  // Names in configs hold no escapes.
    at_ = end + 1;
    return std::string(inside);
  }

  std::optional<json> word() {
    auto end = text_.find_first_of(",)] \t\r\n", at_);
    if (end == std::string_view::npos) end = text_.size();
    const auto word = text_.substr(at_, end - at_);
    at_ = end;
    if (word == "None") return json();
    if (word == "True") return true;
    if (word == "False") return false;
    return number(word);
  }

  static std::optional<json> number(std::string_view word) {
    if (word.starts_with('+')) word.remove_prefix(1);
    const auto digits = word.starts_with('-') ? word.substr(1) : word;
    if (digits.empty() || (digits[0] != '.' && (digits[0] < '0' || digits[0] > '9'))) return std::nullopt;
    const auto* end = word.data() + word.size();
    std::int64_t whole = 0;
    if (const auto [stop, error] = std::from_chars(word.data(), end, whole);
        error == std::errc() && stop == end) {
      return whole;
    }
    double real = 0;
    if (const auto [stop, error] = std::from_chars(word.data(), end, real);
        error == std::errc() && stop == end) {
      return real;
    }
    return std::nullopt;
  }

  void skip_spaces() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

json parse_python_literal(const std::string& text) { return Literal(text).whole().value_or(json(text)); }

}  // namespace rcnn::engine
