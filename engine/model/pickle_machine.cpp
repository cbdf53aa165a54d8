// SPDX-License-Identifier: MIT
#include <array>
#include <bit>
#include <charconv>
#include <stdexcept>
#include <unordered_map>

#include "engine/errors.hpp"
#include "engine/model/pickle.hpp"
#include "engine/model/pickle_calls.hpp"
#include "engine/model/pickle_escapes.hpp"

namespace rcnn::engine::pickle {
namespace {

// A training checkpoint of the largest zoo model has some 20,000 values; nothing is as big as this.
constexpr std::size_t kMaxValues = std::size_t{1} << 18;
constexpr std::size_t kMaxName = 256;

class Machine {
 public:
  Machine(std::span<const std::byte> bytes, const std::string& where)
      : bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), where_(where) {}

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
    if (document_.values.size() >= kMaxValues)
      fail("holds more than " + std::to_string(kMaxValues) + " values");
    document_.values.push_back(std::move(value));
    push_ref(static_cast<Ref>(document_.values.size() - 1));
  }
  void push_ref(Ref ref) {
    if (stack_.size() >= kMaxValues) fail("stacks more than " + std::to_string(kMaxValues) + " values");
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
    memo_.insert_or_assign(index, top());
    if (memo_.size() > kMaxValues) fail("remembers more than " + std::to_string(kMaxValues) + " values");
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

  [[noreturn]] void fail(const std::string& what) const {
    throw ModelError(where_ + ": pickle " + what + " (byte " + std::to_string(start_) + ")");
  }

 private:
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  std::string_view bytes_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;  ///< Of the current instruction
  Document document_;
  std::vector<Ref> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, Ref> memo_;
  std::size_t copied_ = 0;  ///< Items that calls have copied
};

/// Two's complement, little-endian, of any length.
void Machine::integer_bytes(std::string_view raw) {
  if (raw.size() > sizeof(std::int64_t)) {
    push(Opaque{});
    return;
  }
  std::uint64_t value =
      !raw.empty() && (static_cast<unsigned char>(raw.back()) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (auto index = raw.size(); index-- > 0;) value = value << 8 | static_cast<unsigned char>(raw[index]);
  push(static_cast<std::int64_t>(value));
}

/// "12", "12L", and in older protocols "00" and "01" for False and True.
void Machine::integer_line(bool is_long) {
  auto text = line();
  if (!is_long && (text == "00" || text == "01")) {
    push(text == "01");
    return;
  }
  if (is_long && text.ends_with('L')) text.remove_suffix(1);
  std::int64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::result_out_of_range) {
    push(Opaque{});
  } else if (error != std::errc() || stop != end) {
    fail("is malformed: '" + printable(text) + "' is no whole number");
  } else {
    push(value);
  }
}

void Machine::float_line() {
  const auto text = line();
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (stop != end || error == std::errc::invalid_argument)
    fail("is malformed: '" + printable(text) + "' is no number");
  push(value);
}

void Machine::float_bytes() {
  std::uint64_t bits = 0;
  for (const char c : take(sizeof(bits))) bits = bits << 8 | static_cast<unsigned char>(c);
  push(std::bit_cast<double>(bits));
}

std::uint64_t Machine::index_line() {
  const auto text = line();
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  if (const auto [stop, error] = std::from_chars(text.data(), end, value);
      error != std::errc() || stop != end) {
    fail("is malformed: '" + printable(text) + "' is no index");
  }
  return value;
}

void Machine::set_items(std::vector<Ref> items) {
  auto* dict = std::get_if<Dict>(&document_.values[top()]);
  if (dict == nullptr) fail("is malformed: sets an item of something that is no dictionary");
  if (items.size() % 2 != 0) fail("is malformed: a key has no value");
  for (std::size_t index = 0; index < items.size(); index += 2) {
    dict->items.emplace_back(items[index], items[index + 1]);
  }
}

void Machine::append_items(const std::vector<Ref>& items) {
  auto& value = document_.values[top()];
  if (std::holds_alternative<Opaque>(value)) return;  // A set
  auto* list = std::get_if<Sequence>(&value);
  if (list == nullptr || list->tuple) fail("is malformed: appends to something that is no list");
  list->items.insert(list->items.end(), items.begin(), items.end());
}

void Machine::global(std::string_view module, std::string_view name) {
  if (module.size() > kMaxName || name.size() > kMaxName) fail("refers to a name that is longer than any");
  const auto found = find_global(module, name);
  if (!found) {
    fail("refers to '" + printable(module) + "." + printable(name) + "', which no weights need: only " +
         known_globals() +
         " are read, and nothing in the file was run. Save the bare state dict and use that");
  }
  push(*found);
}

void Machine::stack_global() {
  const auto names = pop_many(2);
  const auto* module = document_.get_if<Text>(names[0]);
  const auto* name = document_.get_if<Text>(names[1]);
  if (module == nullptr || name == nullptr) fail("is malformed: refers to a name that is no text");
  global(module->raw, name->raw);
}

void Machine::reduce(Ref function, Ref arguments) {
  const auto* global = document_.get_if<Global>(function);
  const auto* sequence = document_.get_if<Sequence>(arguments);
  if (global == nullptr || sequence == nullptr) fail("is malformed: calls something that is no constructor");
  CallResult result;
  try {
    result = call(document_, *global, *sequence);
  } catch (const std::invalid_argument& error) {
    fail(std::string("is not of a checkpoint: ") + error.what());
  }
  if (result.same) return push_ref(*result.same);
  // One list made into many dictionaries would multiply the file.
  if (const auto* dict = std::get_if<Dict>(&result.value)) copied_ += dict->items.size();
  if (copied_ > kMaxValues) fail("copies too many values");
  push(std::move(result.value));
}

/// "(", arguments, "i" and a name: the way of protocol 0.
void Machine::instance() {
  const auto module = line();
  const auto name = line();
  const auto arguments = pop_to_mark();
  global(module, name);
  const auto function = pop();
  push(Sequence{true, arguments});
  reduce(function, pop());
}

/// "(", class, arguments, "o": the way of protocol 1.
void Machine::object() {
  auto items = pop_to_mark();
  if (items.empty()) fail("is malformed: an object has no class");
  const auto function = items.front();
  items.erase(items.begin());
  push(Sequence{true, std::move(items)});
  reduce(function, pop());
}

void Machine::build_top() {
  const auto state = pop();
  try {
    build(document_, top(), state);
  } catch (const std::invalid_argument& error) {
    fail(std::string("is not of a checkpoint: ") + error.what());
  }
}

void Machine::persistent() {
  try {
    push(storage_of(document_, pop()));
  } catch (const std::invalid_argument& error) {
    fail(std::string("is not of a checkpoint: ") + error.what());
  }
}

void Machine::protocol() {
  const auto version = little<std::uint8_t>();
  if (version > 5) fail("has protocol " + std::to_string(version) + "; 0 to 5 are read");
}

struct Instruction {
  int code;
  void (*run)(Machine&);
};

// One row an instruction, as pickletools lists them. Not here, so refused: extension registries (0x82-0x84),
// persistent ids as text ('P'), __new__ (0x81, 0x92) and out-of-band buffers (0x97, 0x98): no checkpoint has
// them.
constexpr Instruction kInstructions[] = {
    {'(', [](Machine& m) { m.mark(); }},
    {'0', [](Machine& m) { m.pop_or_unmark(); }},
    {'1', [](Machine& m) { m.pop_to_mark(); }},
    {'2', [](Machine& m) { m.push_ref(m.top()); }},
    {'N', [](Machine& m) { m.push(None{}); }},
    {0x88, [](Machine& m) { m.push(true); }},
    {0x89, [](Machine& m) { m.push(false); }},
    {'I', [](Machine& m) { m.integer_line(false); }},
    {'L', [](Machine& m) { m.integer_line(true); }},
    {'J', [](Machine& m) { m.integer_bytes(m.take(4)); }},
    {'K', [](Machine& m) { m.push(std::int64_t{m.little<std::uint8_t>()}); }},
    {'M', [](Machine& m) { m.push(std::int64_t{m.little<std::uint16_t>()}); }},
    {0x8A, [](Machine& m) { m.integer_bytes(m.take(m.little<std::uint8_t>())); }},
    {0x8B, [](Machine& m) { m.integer_bytes(m.take(m.little<std::uint32_t>())); }},
    {'F', [](Machine& m) { m.float_line(); }},
    {'G', [](Machine& m) { m.float_bytes(); }},
    // Strings of Python 2 are Latin-1 text; the arrays of its pickles are among them.
    {'S', [](Machine& m) { m.decoded(unescape_string(m.line()), false); }},
    {'T', [](Machine& m) { m.text(m.take(m.little<std::uint32_t>()), false, false); }},
    {'U', [](Machine& m) { m.text(m.take(m.little<std::uint8_t>()), false, false); }},
    {'V', [](Machine& m) { m.decoded(unescape_unicode(m.line()), true); }},
    {'X', [](Machine& m) { m.text(m.take(m.little<std::uint32_t>()), false, true); }},
    {0x8C, [](Machine& m) { m.text(m.take(m.little<std::uint8_t>()), false, true); }},
    {0x8D, [](Machine& m) { m.text(m.take(m.little<std::uint64_t>()), false, true); }},
    {'B', [](Machine& m) { m.text(m.take(m.little<std::uint32_t>()), true, false); }},
    {'C', [](Machine& m) { m.text(m.take(m.little<std::uint8_t>()), true, false); }},
    {0x8E, [](Machine& m) { m.text(m.take(m.little<std::uint64_t>()), true, false); }},
    {0x96, [](Machine& m) { m.text(m.take(m.little<std::uint64_t>()), true, false); }},
    {')',
     [](Machine& m) {
       m.push(Sequence{true, {}});
     }},
    {'t',
     [](Machine& m) {
       m.push(Sequence{true, m.pop_to_mark()});
     }},
    {0x85,
     [](Machine& m) {
       m.push(Sequence{true, m.pop_many(1)});
     }},
    {0x86,
     [](Machine& m) {
       m.push(Sequence{true, m.pop_many(2)});
     }},
    {0x87,
     [](Machine& m) {
       m.push(Sequence{true, m.pop_many(3)});
     }},
    {']',
     [](Machine& m) {
       m.push(Sequence{false, {}});
     }},
    {'l',
     [](Machine& m) {
       m.push(Sequence{false, m.pop_to_mark()});
     }},
    {'a', [](Machine& m) { m.append_items(m.pop_many(1)); }},
    {'e', [](Machine& m) { m.append_items(m.pop_to_mark()); }},
    {'}', [](Machine& m) { m.push(Dict{}); }},
    {'d', [](Machine& m) { m.dict_of(m.pop_to_mark()); }},
    {'s', [](Machine& m) { m.set_items(m.pop_many(2)); }},
    {'u', [](Machine& m) { m.set_items(m.pop_to_mark()); }},
    {0x8F, [](Machine& m) { m.push(Opaque{}); }},                   // A set
    {0x90, [](Machine& m) { m.append_items(m.pop_to_mark()); }},    // Its items
    {0x91, [](Machine& m) { m.pop_to_mark(), m.push(Opaque{}); }},  // A frozenset
    {'p', [](Machine& m) { m.put(m.index_line()); }},
    {'q', [](Machine& m) { m.put(m.little<std::uint8_t>()); }},
    {'r', [](Machine& m) { m.put(m.little<std::uint32_t>()); }},
    {0x94, [](Machine& m) { m.memoize(); }},
    {'g', [](Machine& m) { m.get(m.index_line()); }},
    {'h', [](Machine& m) { m.get(m.little<std::uint8_t>()); }},
    {'j', [](Machine& m) { m.get(m.little<std::uint32_t>()); }},
    {'c', [](Machine& m) { m.global_lines(); }},
    {0x93, [](Machine& m) { m.stack_global(); }},
    {'R', [](Machine& m) { m.reduce_top(); }},
    {'i', [](Machine& m) { m.instance(); }},
    {'o', [](Machine& m) { m.object(); }},
    {'b', [](Machine& m) { m.build_top(); }},
    {'Q', [](Machine& m) { m.persistent(); }},
    {0x80, [](Machine& m) { m.protocol(); }},
    {0x95, [](Machine& m) { m.take(sizeof(std::uint64_t)); }},  // A frame: a hint for readers of streams
};

Document Machine::run() {
  std::array<void (*)(Machine&), 256> table{};
  for (const auto& [code, instruction] : kInstructions) table[static_cast<std::size_t>(code)] = instruction;
  for (;;) {
    start_ = at_;
    const auto code = little<std::uint8_t>();
    if (code == '.') break;
    if (table[code] == nullptr)
      fail("is malformed: instruction " + std::to_string(code) + " is none of a checkpoint's");
    table[code](*this);
  }
  document_.root = pop();
  return std::move(document_);
}

}  // namespace

Document read(std::span<const std::byte> bytes, const std::string& where) {
  return Machine(bytes, where).run();
}

}  // namespace rcnn::engine::pickle
