// SPDX-License-Identifier: MIT
#include <array>
#include <string>

#include "engine/model/pickle.hpp"
#include "engine/model/pickle_escapes.hpp"
#include "engine/model/pickle_machine.hpp"

namespace rcnn::engine::pickle {
namespace {

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

}  // namespace

Document Machine::run() {
  std::array<void (*)(Machine&), 256> table{};
  for (const auto& [code, instruction] : kInstructions) table[static_cast<std::size_t>(code)] = instruction;
  for (;;) {
    start_ = at_;
    const auto code = little<std::uint8_t>();
    if (code == '.') break;
    if (table[code] == nullptr)
      fail("is malformed: instruction " + std::to_string(code) + " is none that is read");
    table[code](*this);
  }
  document_.root = pop();
  if (!stack_.empty() || !marks_.empty()) fail("is malformed: ends in the middle of a value");
  return std::move(document_);
}

Document read(std::span<const std::byte> bytes, const std::string& where, const Purpose& purpose) {
  return Machine(bytes, where, purpose).run();
}

}  // namespace rcnn::engine::pickle
