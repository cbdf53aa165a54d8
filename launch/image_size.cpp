// SPDX-License-Identifier: MIT
#include "launch/image_size.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <regex>

#include "engine/errors.hpp"

namespace rcnn::launch {

engine::Size parse_image_size(const std::string& option, const std::string& text) {
  static const std::regex kPattern("([1-9][0-9]{0,4})x([1-9][0-9]{0,4})");
  std::smatch parts;
  const bool matches = std::regex_match(text, parts, kPattern);
  const engine::Size size = matches ? engine::Size{std::stoi(parts[1]), std::stoi(parts[2])} : engine::Size{};
  if (!matches || std::max(size.width, size.height) > kMostSide) {
    throw engine::SettingError(
        fmt::format("{} '{}' is no size: give WIDTHxHEIGHT in pixels, such as 1280x720, up to {}x{}", option,
                    text, kMostSide, kMostSide));
  }
  return size;
}

}  // namespace rcnn::launch
