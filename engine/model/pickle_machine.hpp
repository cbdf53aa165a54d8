// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/model/pickle.hpp"

namespace rcnn::engine::pickle {

/// The stack machine that pickles are programs for. Its methods are what instructions do; which instruction
/// does what is a table in pickle_instructions.cpp.
///
/// Thread safety: reentrant.
class Machine {
 public:
  // A training checkpoint of the largest zoo model has some 20,000 values, the proposals of COCO's 118,000
  // training images 3 million. So many take 250 MB, as arrays that have nothing in them 1 GB.
  static constexpr std::size_t kMaxValues = std::size_t{1} << 22;
  static constexpr std::size_t kMaxName = 256;

  Machine(std::span<const std::byte> bytes, const std::string& where, const Purpose& purpose)
      : bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), where_(where), purpose_(purpose) {}

  Document run();

  // Bytes of the pickle.
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) {
      fail("is truncated: needs " + std::to_string(count) + " bytes, " + std::to_string(bytes_.size() - at_) +
           " are left");
    }
    const auto part = bytes_.substr(at_, static_cast<std::size_t>(count));
    at_ += part.size();
    return part;
  }
  template <typename T>
  T little() {
    const auto part = take(sizeof(T));
    T value = 0;
    for (std::size_t index = sizeof(T); index-- > 0;) {
      value = static_cast<T>(value << 8 | static_cast<unsigned char>(part[index]));
    }
    return value;
  }
  std::string_view line() {
    const auto end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) fail("is truncated: a line does not end");
    const auto part = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return part;
  }

  // The stack.
  void push(Value value) {
    require_room("holds", document_.values.size());
    document_.values.push_back(std::move(value));
    push_ref(static_cast<Ref>(document_.values.size() - 1));
  }
  void push_ref(Ref ref) {
    require_room("stacks", stack_.size());
    stack_.push_back(ref);
  }
  /// Values of the current mark lie above `floor`; below belongs to an outer one.
  Ref pop() {
    if (stack_.size() <= floor()) fail("is malformed: takes a value from an empty stack");
    const auto ref = stack_.back();
    stack_.pop_back();
    return ref;
  }
  Ref top() {
    const auto ref = pop();
    stack_.push_back(ref);
    return ref;
  }
  void mark() {
    if (marks_.size() >= kMaxValues) fail("is nested too deep");
    marks_.push_back(stack_.size());
  }
  std::vector<Ref> pop_to_mark() {
    if (marks_.empty()) fail("is malformed: closes what was never opened");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Ref> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
  }
  std::vector<Ref> pop_many(std::size_t count) {
    std::vector<Ref> items(count);
    for (auto index = count; index-- > 0;) items[index] = pop();
    return items;
  }

  // Values.
  void text(std::string_view raw, bool is_bytes, bool utf8) { push(Text{raw, is_bytes, utf8}); }
  void decoded(std::optional<std::string> value, bool utf8) {
    if (!value) fail("is malformed: a string has a broken escape or no quotes");
    document_.decoded.push_back(std::move(*value));
    text(document_.decoded.back(), false, utf8);
  }
  void integer_bytes(std::string_view raw);
  void integer_line(bool is_long);
  void float_line();
  void float_bytes();
  void set_items(std::vector<Ref> items);
  void append_items(const std::vector<Ref>& items);
  void put(std::uint64_t index) {
    require_room("remembers", memo_.size());
    memo_.insert_or_assign(index, top());
  }
  void get(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail("is malformed: refers to a value that it has not remembered");
    push_ref(found->second);
  }
  std::uint64_t index_line();
  void memoize() { put(memo_.size()); }
  void dict_of(std::vector<Ref> items) {
    push(Dict{});
    set_items(std::move(items));
  }
  /// POP on an empty stack of a mark takes the mark away.
  void pop_or_unmark() {
    if (!marks_.empty() && stack_.size() == marks_.back()) {
      marks_.pop_back();
    } else {
      pop();
    }
  }
  void global(std::string_view module, std::string_view name);
  void global_lines() {
    const auto module = line();
    global(module, line());
  }
  void stack_global();
  void reduce(Ref function, Ref arguments);
  void reduce_top() {
    const auto parts = pop_many(2);
    reduce(parts[0], parts[1]);
  }
  void instance();
  void object();
  void build_top();
  void persistent();
  void protocol();

  [[noreturn]] void fail(const std::string& what) const;
  /// Of arguments and states that constructors have in no such file.
  [[noreturn]] void fail_as_foreign(const std::string& why) const;

 private:
  void require_room(const char* verb, std::size_t count) const;
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  std::string_view bytes_;
  const std::string& where_;
  const Purpose& purpose_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;  ///< Of the current instruction
  Document document_;
  std::vector<Ref> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, Ref> memo_;
  std::size_t copied_ = 0;  ///< Items that calls have copied
};

}  // namespace rcnn::engine::pickle
