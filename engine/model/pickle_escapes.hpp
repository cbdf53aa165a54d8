// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The text forms of strings in pickle protocol 0. nullopt for lines that Python would not read.
/// Thread safety: reentrant.
namespace rcnn::engine::pickle {

/// A line of raw-unicode-escape as UTF-8: "\u0041\xE9" (the escape and one raw byte) is "Aé".
std::optional<std::string> unescape_unicode(std::string_view line);

/// A Python 2 string literal with its quotes: the bytes between them.
std::optional<std::string> unescape_string(std::string_view line);

}  // namespace rcnn::engine::pickle
