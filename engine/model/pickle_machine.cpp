// SPDX-License-Identifier: MIT
#include "engine/model/pickle_machine.hpp"

#include <bit>
#include <charconv>
#include <stdexcept>

#include "engine/errors.hpp"
#include "engine/model/pickle_calls.hpp"

namespace rcnn::engine::pickle {

void Machine::fail(const std::string& what) const {
  throw ModelError(where_ + ": pickle " + what + " (byte " + std::to_string(start_) + ")");
}

void Machine::fail_as_foreign(const std::string& why) const {
  fail("is not of a " + std::string(purpose_.noun) + ": " + why);
}

void Machine::require_room(const char* verb, std::size_t count) const {
  if (count < kMaxValues) return;
  fail(std::string(verb) + " more than " + std::to_string(kMaxValues) + " values, which no " +
       std::string(purpose_.noun) + " needs: " + std::string(purpose_.fewer));
}

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
    if (module == "torch.storage" && name == "_load_from_bytes") {
      fail("holds torch tensors as pickle.dump() writes them, which are not read; " +
           std::string(purpose_.tensors));
    }
    fail("refers to '" + printable(module) + "." + printable(name) + "', which no " +
         std::string(purpose_.noun) + " needs: only " + known_globals() +
         " are read, and nothing in the file was run. " + std::string(purpose_.plain));
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
    fail_as_foreign(error.what());
  }
  if (result.same) return push_ref(*result.same);
  // One list made into many dictionaries would multiply the file.
  if (const auto* dict = std::get_if<Dict>(&result.value)) copied_ += dict->items.size();
  if (copied_ > bytes_.size()) fail("copies too many values");
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
    fail_as_foreign(error.what());
  }
}

void Machine::persistent() {
  try {
    push(storage_of(document_, pop()));
  } catch (const std::invalid_argument& error) {
    fail_as_foreign(error.what());
  }
}

void Machine::protocol() {
  const auto version = little<std::uint8_t>();
  if (version > 5) fail("has protocol " + std::to_string(version) + "; 0 to 5 are read");
}

}  // namespace rcnn::engine::pickle
