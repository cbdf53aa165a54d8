// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/model/pickle.hpp"
#include "engine/model/pickle_escapes.hpp"

namespace rcnn::engine::pickle {
namespace {

std::string decoded(const Text& text) {
  const auto bytes = bytes_of(text);
  if (!bytes) return "not latin1";
  return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

TEST(PickleText, UnicodeLinesBecomeUtf8) {
  EXPECT_EQ(unescape_unicode("\\u0041\xE9"), "A\xC3\xA9");
  EXPECT_EQ(unescape_unicode("\\u20ac\\U0001f600"), "\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(unescape_unicode("a\\nb"), "a\\nb");  // Only u and U are escapes here.
  EXPECT_EQ(unescape_unicode("\\u12"), std::nullopt);
  EXPECT_EQ(unescape_unicode("\\U7fffffff"), std::nullopt);
}

TEST(PickleText, StringLiteralsOfPython2) {
  EXPECT_EQ(unescape_string("'a\\x00\\n\\\\\\'\\101\\q'"), std::string("a\0\n\\'A\\q", 8));
  EXPECT_EQ(unescape_string("\"it's\""), "it's");
  EXPECT_EQ(unescape_string("'\\7'"), "\a");
  EXPECT_EQ(unescape_string("'\\377'"), "\xFF");
  for (const auto* broken : {"", "'", "abc", "'abc\"", "'\\'", "'\\x0'", "'\\xzz'"}) {
    EXPECT_EQ(unescape_string(broken), std::nullopt) << broken;
  }
}

TEST(PickleText, Latin1TextIsOneByteACharacter) {
  EXPECT_EQ(decoded({"\xC3\xBF"
                     "a\xC2\x80",
                     true, true}),
            "\xFF"
            "a\x80");
  EXPECT_EQ(decoded({"\xC3\xBF", false, false}), "\xC3\xBF");  // Python 2: bytes as they are
  EXPECT_EQ(decoded({"\xE2\x82\xAC", true, true}), "not latin1");
  EXPECT_EQ(decoded({"a\xC3", true, true}), "not latin1");
  EXPECT_EQ(decoded({"\xC3"
                     "a",
                     true, true}),
            "not latin1");
}

TEST(PickleText, PrintedTextCannotSteerATerminal) {
  EXPECT_EQ(printable("a\x1b[2J\n\xFF"), "a?[2J??");
  EXPECT_EQ(printable(std::string(120, 'x')).size(), 120U);
  EXPECT_EQ(printable(std::string(500, 'x')).size(), 123U);
  EXPECT_TRUE(printable(std::string(500, 'x')).ends_with("x..."));
}

}  // namespace
}  // namespace rcnn::engine::pickle
