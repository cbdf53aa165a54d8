// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace rcnn::engine {

/// YAML text as Detectron2 (PyYAML, then yacs) understands it: YAML 1.1 scalars, and strings that are Python
/// literals become what they say: `("coco_2017_val",)` is a list of one. Tuples are arrays, aliases copies.
///
/// Bounds: 1 MiB of text, 32 levels, 100,000 values with aliases counted at each use. Tags other than YAML's
/// own scalars, lists, maps and `!!python/tuple` are refused by name: nothing is constructed. \throws
/// ModelError naming `where`, the line, and what is wrong.
nlohmann::json parse_yaml(std::string_view text, const std::string& where);

/// A number, True, False, None, a quoted string, or a list or tuple of those; anything else is the text
/// itself.
nlohmann::json parse_python_literal(const std::string& text);

}  // namespace rcnn::engine
