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

/// A grey picture of limited range BT.709 with a few bytes of padding after each row, as many as each plane
/// likes.
struct YuvCanvas {
  static constexpr std::uint8_t kLuma = 180, kPadding = 0xa5;
  int width;
  int height;
  bool nv12;
  bool interlaced = false;
  std::size_t stride = static_cast<std::size_t>(width) + 13;
  std::size_t chroma_row = (static_cast<std::size_t>(width) + 1) / 2 * (nv12 ? 2 : 1);
  std::size_t u_stride = chroma_row + 7;
  std::size_t v_stride = nv12 ? u_stride : chroma_row + 18;
  std::vector<std::uint8_t> luma = blank(stride, static_cast<std::size_t>(width), height, kLuma);
  /// U and V in turn, or U alone
  std::vector<std::uint8_t> u = blank(u_stride, chroma_row, engine::chroma_rows(height, interlaced), 128);
  std::vector<std::uint8_t> v =
      blank(v_stride, chroma_row, nv12 ? 0 : engine::chroma_rows(height, interlaced), 128);

  static std::vector<std::uint8_t> blank(std::size_t stride, std::size_t row, int rows, std::uint8_t value) {
    std::vector<std::uint8_t> all(stride * static_cast<std::size_t>(rows), kPadding);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i % stride < row ? value : kPadding;
    return all;
  }
  PaintTarget target() {
    return {.data = luma.data(),
            .width = width,
            .height = height,
            .stride = static_cast<std::ptrdiff_t>(stride),
            .format = PixelFormat::kYuv420,
            .chroma = {.u = u.data(),
                       .v = nv12 ? u.data() + 1 : v.data(),
                       .u_stride = static_cast<std::ptrdiff_t>(u_stride),
                       .v_stride = static_cast<std::ptrdiff_t>(v_stride),
                       .step = nv12 ? 2 : 1,
                       .interlaced = interlaced,
                       .encoding = {.kr = 0.2126, .kb = 0.0722}}};
  }
  /// Of the pixel (x, y): Y, U, V.
  std::array<int, 3> at(int x, int y) {
    const auto& planes = target().chroma;
    const auto row = engine::chroma_row(y, interlaced);
    return {luma[static_cast<std::size_t>(y) * stride + static_cast<std::size_t>(x)],
            planes.u[row * planes.u_stride + x / 2 * planes.step],
            planes.v[row * planes.v_stride + x / 2 * planes.step]};
  }
};

inline constexpr Rgb kWhite{255, 255, 255};

inline Detection found(float x0, float y0, float x1, float y1, int label, float score = 0.98f) {
  return {.box = {x0, y0, x1, y1}, .score = score, .label = label, .region = 0, .mask = {}, .keypoints = {}};
}

}  // namespace rcnn::tests
