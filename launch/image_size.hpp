// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "engine/image/resize.hpp"

namespace rcnn::launch {

/// "1280x720", each side up to 99999. \throws engine::SettingError naming the option
engine::Size parse_image_size(const std::string& option, const std::string& text);

}  // namespace rcnn::launch
