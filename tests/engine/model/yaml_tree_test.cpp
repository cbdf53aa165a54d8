// SPDX-License-Identifier: MIT
#include "engine/model/yaml_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/model/checkpoint_builders.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json parse(const std::string& text) { return parse_yaml(text, "c.yaml"); }
std::string refused(const std::string& text) {
  return tests::refusal([&] { parse(text); });
}

TEST(YamlTree, ScalarsAreYaml11) {
  const auto tree = parse(
      "a: yes\nb: Off\nc: 0x1F\nd: 017\ne: 1_000\nf: -2.5e-3\ng: ~\nh:\ni: .inf\nj: plain text\nk: 1e-3\nl: "
      "-7\n");
  const json expected{{"a", true},     {"b", false},        {"c", 31},   {"d", 15},
                      {"e", 1000},     {"f", -2.5e-3},      {"g", {}},   {"h", {}},
                      {"i", INFINITY}, {"j", "plain text"}, {"k", 1e-3}, {"l", -7}};
  for (const auto& [key, value] : expected.items())
    EXPECT_EQ(tree.at(key), key == "g" || key == "h" ? json() : value) << key;
}

// yacs reads quoted strings as Python literals; names stay names.
TEST(YamlTree, QuotedTextIsALiteralWhereItIsOne) {
  const auto tree = parse("a: \"(1, 2)\"\nb: 'BN'\nc: ''\nd: ('x',)\ne: \"None\"\nf: !!str 12\n");
  EXPECT_EQ(tree.at("a"), (json{1, 2}));
  EXPECT_EQ(tree.at("b"), "BN");
  EXPECT_EQ(tree.at("c"), "");
  EXPECT_EQ(tree.at("d"), json::array({"x"}));
  EXPECT_EQ(tree.at("e"), json());
  EXPECT_EQ(tree.at("f"), "12");
}

// Where yacs does not read it, such as in names of classes.
TEST(YamlTree, TextStaysTextWhereThatIsAskedFor) {
  const auto tree =
      parse_yaml("a: \"(1, 2)\"\nb: '12'\nc: (1, 2)\nd: 12\ne: None\nf: no\n", "c.yaml", YamlText::kVerbatim);
  EXPECT_EQ(tree,
            (json{{"a", "(1, 2)"}, {"b", "12"}, {"c", "(1, 2)"}, {"d", 12}, {"e", "None"}, {"f", false}}));
}

TEST(YamlTree, PythonTuplesAreLists) {
  const auto tree = parse("a: !!python/tuple\n- 1.0\n- 2.0\nb: !!python/tuple [x, !!python/tuple [3]]\n");
  EXPECT_EQ(tree.at("a"), (json{1.0, 2.0}));
  EXPECT_EQ(tree.at("b"), (json{"x", json::array({3})}));
}

TEST(YamlTree, AliasesAreCopies) {
  EXPECT_EQ(parse("a: &x [1, {b: 2}]\nc: *x\n").at("c"), (json{1, {{"b", 2}}}));
}

TEST(YamlTree, NothingIsConstructed) {
  EXPECT_THAT(refused("a: !!python/object/apply:os.system ['true']"),
              HasSubstr("python/object/apply:os.system"));
  EXPECT_THAT(refused("a: !!python/name:os.system"), HasSubstr("python/name:os.system"));
  EXPECT_THAT(refused("a: !mine {}"), HasSubstr("!mine"));
}

TEST(YamlTree, BombsAreDefused) {
  std::string laughs = "a0: &a0 [x, x]\n";
  for (int level = 1; level < 40; ++level) {
    const auto below = std::to_string(level - 1);
    laughs += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [*a" + below + ", *a" + below +
              "]\n";
  }
  EXPECT_THAT(refused(laughs), HasSubstr("more than 100000 values"));
  EXPECT_THAT(refused(std::string(5'000, '[') + std::string(5'000, ']')), HasSubstr("levels deep"));
  EXPECT_THAT(refused(std::string(50'000, '{')), HasSubstr("key"));
  std::string nested;
  for (int level = 0; level < 2000; ++level) nested += "- ";
  EXPECT_THAT(refused(nested), HasSubstr("levels deep"));
  EXPECT_THAT(refused("a: &x [*x]"), HasSubstr("c.yaml"));
  EXPECT_THAT(refused(std::string(2'000'000, 'a')), HasSubstr("bytes are no config"));
}

TEST(YamlTree, MistakesNameTheLine) {
  EXPECT_THAT(refused("a: 1\nb: [1, 2\n"), HasSubstr("line"));
  EXPECT_THAT(refused("a: 1\n<<: {b: 2}\n"), HasSubstr("line 2"));
  EXPECT_THAT(refused("a: 1\n---\nb: 2\n"), HasSubstr("second YAML document"));
  EXPECT_THAT(refused(tests::raw("a\0b")), HasSubstr("zero bytes"));
  EXPECT_THAT(refused("? [1, 2]\n: 3\n"), HasSubstr("key"));
}

}  // namespace
}  // namespace rcnn::engine
