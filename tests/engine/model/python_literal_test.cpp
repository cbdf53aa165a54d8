// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/model/yaml_tree.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;

TEST(PythonLiteral, ReadsWhatLiteralEvalReads) {
  const std::vector<std::pair<std::string, json>> cases{
      {"(\"coco_2017_val\",)", {"coco_2017_val"}},
      {"(1.0, 1.0, 1.0, 1.0)", {1.0, 1.0, 1.0, 1.0}},
      {"[[32], [64, 128]]", {{32}, {64, 128}}},
      {"((10.0, 5.0), (20.0, 10.0))", {{10.0, 5.0}, {20.0, 10.0}}},
      {"(7)", 7},
      {"(7,)", json::array({7})},
      {"()", json::array()},
      {"[1, 2,]", {1, 2}},
      {" 'a b' ", "a b"},
      {"None", nullptr},
      {"True", true},
      {"-3", -3},
      {"+3", 3},
      {"1e-3", 1e-3},
      {".5", .5},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(parse_python_literal(text), expected) << text;
}

TEST(PythonLiteral, AnythingElseStaysText) {
  for (const std::string text :
       {"", "FrozenBN", "build_resnet_fpn_backbone", "(1, 2", "(1 2)", "[1, FrozenBN]", "1 2", "'open", "--1",
        "1-2", "nan", "inf", "__import__('os')", "{'a': 1}", "'a' + 'b'", "(", "()()", "0x", "./output"}) {
    EXPECT_EQ(parse_python_literal(text), json(text));
  }
  const std::string deep(100'000, '(');
  EXPECT_EQ(parse_python_literal(deep), json(deep));
}

}  // namespace
}  // namespace rcnn::engine
