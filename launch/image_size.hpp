// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "engine/image/resize.hpp"

namespace rcnn::launch {

inline constexpr int kMostSide = 16384;  ///< Pixels; a picture of such sides takes 800 MB

/// "1280x720", each side up to kMostSide. Thread safety: reentrant. \throws engine::SettingError naming the
/// option
engine::Size parse_image_size(const std::string& option, const std::string& text);

}  // namespace rcnn::launch
