// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "elements/painter.hpp"

namespace rcnn::tests {

using elements::PaintOptions;
using elements::PaintTarget;
using engine::Detection;
using engine::PixelFormat;

inline const std::vector<std::string> kNames{"person", "bicycle", "car"};
inline constexpr PaintOptions kBoxesOnly{.labels = false};
using Rgb = std::array<std::uint8_t, 3>;

// A white image with a few bytes of padding after each row, marked so that a stray write shows.
struct Canvas {
  static constexpr std::uint8_t kPadding = 0xa5;
  int width;
  int height;
  PixelFormat format;
  std::size_t pixel = format == PixelFormat::kRgb || format == PixelFormat::kBgr ? 3 : 4;
  std::size_t stride = static_cast<std::size_t>(width) * pixel + 13;
  std::vector<std::uint8_t> bytes = blank();

  std::vector<std::uint8_t> blank() const {
    std::vector<std::uint8_t> all(stride * static_cast<std::size_t>(height), 255);
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = i % stride < static_cast<std::size_t>(width) * pixel ? 255 : kPadding;
    }
    return all;
  }
  PaintTarget target() {
    return {.data = bytes.data(),
            .width = width,
            .height = height,
            .stride = static_cast<std::ptrdiff_t>(stride),
            .format = format};
  }
  Rgb at(int x, int y) const {
    const auto* p = bytes.data() + static_cast<std::size_t>(y) * stride + static_cast<std::size_t>(x) * pixel;
    const bool red_first = format == PixelFormat::kRgb || format == PixelFormat::kRgbx;
    return red_first ? Rgb{p[0], p[1], p[2]} : Rgb{p[2], p[1], p[0]};
  }
  std::vector<Rgb> pixels() const {
    std::vector<Rgb> all;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        all.push_back(at(x, y));
      }
    }
    return all;
  }
};

inline constexpr Rgb kWhite{255, 255, 255};

inline Detection found(float x0, float y0, float x1, float y1, int label, float score = 0.98f) {
  return {.box = {x0, y0, x1, y1}, .score = score, .label = label, .region = 0, .mask = {}, .keypoints = {}};
}

}  // namespace rcnn::tests
