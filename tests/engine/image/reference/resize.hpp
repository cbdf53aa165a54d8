// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace rcnn::tests {

/// Packed pixels, `channels` bytes each.
struct PlainImage {
  int width = 0;
  int height = 0;
  int channels = 3;
  std::vector<std::uint8_t> bytes;

  PlainImage(int w, int h, int c)
      : width(w),
        height(h),
        channels(c),
        bytes(static_cast<std::size_t>(w) * static_cast<std::size_t>(h * c)) {}
  std::uint8_t& at(int y, int x, int c) {
    return bytes[(static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)) *
                     static_cast<std::size_t>(channels) +
                 static_cast<std::size_t>(c)];
  }
  std::uint8_t at(int y, int x, int c) const { return const_cast<PlainImage&>(*this).at(y, x, c); }
};

inline PlainImage noise(int width, int height, int channels, unsigned seed) {
  PlainImage image(width, height, channels);
  std::mt19937 random(seed);
  for (auto& byte : image.bytes) byte = static_cast<std::uint8_t>(random());
  return image;
}

/// Pillow's horizontal pass, pixel by pixel from its description: a triangle around the target pixel's
/// centre, as wide as two source pixels or two target pixels, whichever is wider; weights sum to one, then to
/// 2^22.
inline PlainImage slow_resize_width(const PlainImage& source, int width) {
  if (width == source.width) return source;
  PlainImage target(width, source.height, source.channels);
  const double scale = static_cast<double>(source.width) / width;
  const double support = std::max(1., scale);
  for (int x = 0; x < width; ++x) {
    const double center = (x + 0.5) * scale;
    const int begin = std::max(0, static_cast<int>(center - support + 0.5));
    const int end = std::min(source.width, static_cast<int>(center + support + 0.5));
    const auto weight = [&](int i) { return std::max(0., 1 - std::abs((i + 0.5 - center) * (1 / support))); };
    double sum = 0;
    for (int i = begin; i < end; ++i) sum += weight(i);
    for (int y = 0; y < source.height; ++y) {
      for (int c = 0; c < source.channels; ++c) {
        std::int64_t total = 1 << 21;
        for (int i = begin; i < end; ++i) {
          total += source.at(y, i, c) * static_cast<std::int64_t>(0.5 + weight(i) / sum * (1 << 22));
        }
        target.at(y, x, c) = static_cast<std::uint8_t>(std::clamp<std::int64_t>(total >> 22, 0, 255));
      }
    }
  }
  return target;
}

inline PlainImage transposed(const PlainImage& source) {
  PlainImage target(source.height, source.width, source.channels);
  for (int y = 0; y < source.height; ++y) {
    for (int x = 0; x < source.width; ++x) {
      for (int c = 0; c < source.channels; ++c) target.at(x, y, c) = source.at(y, x, c);
    }
  }
  return target;
}

inline PlainImage slow_resize_height(const PlainImage& source, int height) {
  return transposed(slow_resize_width(transposed(source), height));
}

/// The order of the passes shows in the rounding between them. Width first, as Pillow always did; since
/// Pillow 13 height first where it loses more than twice the pixels that the width loses.
inline PlainImage slow_resize(const PlainImage& source, int width, int height) {
  const int lost_width = std::max(0, source.width - width);
  if (source.height - height > 2 * lost_width)
    return slow_resize_width(slow_resize_height(source, height), width);
  return slow_resize_height(slow_resize_width(source, width), height);
}

}  // namespace rcnn::tests
