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

/// A filter by its definition: its curve, in units, and how far it reaches to either side.
struct SlowFilter {
  double reach;
  double (*weight)(double distance);
};

inline constexpr SlowFilter kSlowBilinear{1, [](double distance) { return std::max(0., 1 - distance); }};

/// Keys's cubic with a = -1/2 in its textbook form, a polynomial for each pixel's length.
inline constexpr SlowFilter kSlowBicubic{2, [](double d) {
                                           constexpr double kA = -0.5;
                                           if (d < 1) return (kA + 2) * d * d * d - (kA + 3) * d * d + 1;
                                           if (d >= 2) return 0.;
                                           return kA * d * d * d - 5 * kA * d * d + 8 * kA * d - 4 * kA;
                                         }};

/// Pillow's horizontal pass, pixel by pixel from its description: the filter's curve around the target
/// pixel's centre, its unit a source pixel or a target pixel, whichever is wider; weights sum to one, then to
/// 2^22.
inline PlainImage slow_resize_width(const PlainImage& source, int width,
                                    const SlowFilter& filter = kSlowBilinear) {
  if (width == source.width) return source;
  PlainImage target(width, source.height, source.channels);
  const double scale = static_cast<double>(source.width) / width;
  const double unit = std::max(1., scale);
  const double support = filter.reach * unit;
  for (int x = 0; x < width; ++x) {
    const double center = (x + 0.5) * scale;
    const int begin = std::max(0, static_cast<int>(center - support + 0.5));
    const int end = std::min(source.width, static_cast<int>(center + support + 0.5));
    const auto weight = [&](int i) { return filter.weight(std::abs((i + 0.5 - center) * (1 / unit))); };
    double sum = 0;
    for (int i = begin; i < end; ++i) sum += weight(i);
    for (int y = 0; y < source.height; ++y) {
      for (int c = 0; c < source.channels; ++c) {
        std::int64_t total = 1 << 21;
        for (int i = begin; i < end; ++i) {
          total += source.at(y, i, c) * std::llround(weight(i) / sum * (1 << 22));
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

inline PlainImage slow_resize_height(const PlainImage& source, int height, const SlowFilter& filter) {
  return transposed(slow_resize_width(transposed(source), height, filter));
}

/// The order of the passes shows in the rounding between them. Width first, as Pillow always did; since
/// Pillow 13 height first where it loses more than twice the pixels that the width loses.
inline PlainImage slow_resize(const PlainImage& source, int width, int height,
                              const SlowFilter& filter = kSlowBilinear) {
  const int lost_width = std::max(0, source.width - width);
  if (source.height - height > 2 * lost_width)
    return slow_resize_width(slow_resize_height(source, height, filter), width, filter);
  return slow_resize_height(slow_resize_width(source, width, filter), height, filter);
}

}  // namespace rcnn::tests
