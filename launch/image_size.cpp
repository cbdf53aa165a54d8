// SPDX-License-Identifier: MIT
#include "launch/image_size.hpp"

#include <spdlog/fmt/fmt.h>

#include <regex>

#include "engine/errors.hpp"

namespace rcnn::launch {

engine::Size parse_image_size(const std::string& option, const std::string& text) {
  static const std::regex kPattern("([1-9][0-9]{0,4})x([1-9][0-9]{0,4})");
  std::smatch parts;
  if (!std::regex_match(text, parts, kPattern)) {
    throw engine::SettingError(
        fmt::format("{} '{}' is no size: give WIDTHxHEIGHT in pixels, such as 1280x720", option, text));
  }
  return {std::stoi(parts[1]), std::stoi(parts[2])};
}

}  // namespace rcnn::launch
