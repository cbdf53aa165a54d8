// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core.hpp>

#include "engine/image/resize.hpp"

namespace rcnn::elements {

/// A picture to draw into and what follows from its size, for the painters. Borrows the pixels.
struct Pen {
  cv::Mat canvas;
  engine::PixelFormat format;
  int line;  ///< Width of a box's line, pixels; 2 and more
  double font_scale;
  int font_weight;
  int margin;

  /// As the picture's own bytes lie.
  cv::Scalar color(std::array<std::uint8_t, 3> rgb) const {
    const bool red_first = format == engine::PixelFormat::kRgb || format == engine::PixelFormat::kRgbx;
    return red_first ? cv::Scalar(rgb[0], rgb[1], rgb[2], 255) : cv::Scalar(rgb[2], rgb[1], rgb[0], 255);
  }
};

}  // namespace rcnn::elements
