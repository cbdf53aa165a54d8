// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace rcnn::engine {

/// What a text is that could be a Python literal: in quotes, or plain and not of YAML's own types.
enum class YamlText : std::uint8_t {
  kLiteral,  ///< What the literal says, as yacs reads configs
  kVerbatim  ///< Text, as YAML says
};

/// YAML text as Detectron2 (PyYAML, then yacs) understands it: YAML 1.1 scalars, and strings that are Python
/// literals become what they say, but for kVerbatim: `("coco_2017_val",)` is a list of one. Tuples are
/// arrays, aliases copies.
///
/// Bounds: 1 MiB of text, 32 levels, 100,000 values with aliases counted at each use. Tags other than YAML's
/// own scalars, lists, maps and `!!python/tuple` are refused by name: nothing is constructed. \throws
/// ModelError naming `where`, the line, and what is wrong. Thread safety: reentrant.
nlohmann::json parse_yaml(std::string_view text, const std::string& where,
                          YamlText strings = YamlText::kLiteral);

/// A number, True, False, None, a quoted string, or a list or tuple of those; anything else is the text
/// itself. Thread safety: reentrant.
nlohmann::json parse_python_literal(const std::string& text);

}  // namespace rcnn::engine
