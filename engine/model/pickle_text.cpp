// SPDX-License-Identifier: MIT
#include <optional>

#include "engine/model/pickle.hpp"
#include "engine/model/pickle_escapes.hpp"

namespace rcnn::engine::pickle {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// `count` hex digits at `at`; nullopt if they are not there.
std::optional<std::uint32_t> hex_number(std::string_view text, std::size_t at, std::size_t count) {
  if (at > text.size() || text.size() - at < count) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t index = 0; index < count; ++index) {
    const int digit = hex_digit(text[at + index]);
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return value;
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18 & 0x07));
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

/// The one-letter escapes of a Python string; 0 for other letters.
char simple_escape(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case '\\':
    case '\'':
    case '"':
      return letter;
    default:
      return 0;
  }
}

}  // namespace

std::optional<std::string> unescape_unicode(std::string_view line) {
  std::string text;
  text.reserve(line.size());
  for (std::size_t at = 0; at < line.size();) {
    const char c = line[at];
    const char next = at + 1 < line.size() ? line[at + 1] : '\0';
    if (c == '\\' && (next == 'u' || next == 'U')) {
      const std::size_t digits = next == 'u' ? 4 : 8;
      const auto code = hex_number(line, at + 2, digits);
      if (!code || *code > 0x10FFFF) return std::nullopt;
      append_utf8(text, *code);
      at += 2 + digits;
    } else {
      append_utf8(text, static_cast<unsigned char>(c));  // A Latin-1 character
      ++at;
    }
  }
  return text;
}

std::optional<std::string> unescape_string(std::string_view line) {
  if (line.size() < 2 || line.front() != line.back() || (line.front() != '\'' && line.front() != '"')) {
    return std::nullopt;
  }
  line = line.substr(1, line.size() - 2);
  std::string text;
  text.reserve(line.size());
  for (std::size_t at = 0; at < line.size();) {
    if (line[at] != '\\') {
      text += line[at++];
      continue;
    }
    if (++at == line.size()) return std::nullopt;
    if (const char simple = simple_escape(line[at]); simple != 0) {
      text += simple;
      ++at;
    } else if (line[at] == 'x') {
      const auto code = hex_number(line, at + 1, 2);
      if (!code) return std::nullopt;
      text += static_cast<char>(static_cast<unsigned char>(*code));
      at += 3;
    } else if (line[at] >= '0' && line[at] <= '7') {
      unsigned code = 0;
      for (int digits = 0; digits < 3 && at < line.size() && line[at] >= '0' && line[at] <= '7';
           ++digits, ++at) {
        code = code * 8 + static_cast<unsigned>(line[at] - '0');
      }
      text += static_cast<char>(static_cast<unsigned char>(code));
    } else {
      text += '\\';  // Python keeps what it does not know.
    }
  }
  return text;
}

std::optional<std::vector<std::byte>> bytes_of(const Text& text) {
  std::vector<std::byte> bytes(text.raw.size());  // Latin-1 is at most as long as UTF-8.
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.raw.size(); ++at) {
    auto byte = static_cast<unsigned char>(text.raw[at]);
    if (text.utf8 && byte >= 0x80) {  // U+0080 to U+00FF are C2 80 to C3 BF.
      if ((byte != 0xC2 && byte != 0xC3) || ++at == text.raw.size()) return std::nullopt;
      const auto low = static_cast<unsigned char>(text.raw[at]);
      if ((low & 0xC0U) != 0x80U) return std::nullopt;
      byte = static_cast<unsigned char>((byte & 0x03U) << 6 | (low & 0x3FU));
    }
    bytes[count++] = std::byte{byte};
  }
  bytes.resize(count);
  return bytes;
}

std::string printable(std::string_view text) {
  constexpr std::size_t kMost = 120;
  std::string safe;
  for (const char c : text.substr(0, kMost)) safe += c >= ' ' && c <= '~' ? c : '?';
  return text.size() > kMost ? safe + "..." : safe;
}

}  // namespace rcnn::engine::pickle
