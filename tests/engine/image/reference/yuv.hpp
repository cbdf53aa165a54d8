// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/image/image_view.hpp"

namespace rcnn::tests {

/// Slow twin of one pixel's conversion, in double precision: B, G, R.
///   exact  as the encoding defines it; else as videoconvert calculates: weights in 1/256, each product
///          rounded down, levels about 128
inline std::array<int, 3> slow_bgr(int y, int u, int v, const engine::YuvEncoding& encoding, bool exact) {
  const double kg = 1 - encoding.kr - encoding.kb;
  const double luma = encoding.full_range ? 1 : 255. / 219;
  const double chroma = encoding.full_range ? 1 : 255. / 224;
  const std::array<std::array<double, 3>, 3> weights{
      {{luma, chroma * 2 * (1 - encoding.kb), 0},
       {luma, -chroma * 2 * encoding.kb * (1 - encoding.kb) / kg,
        -chroma * 2 * encoding.kr * (1 - encoding.kr) / kg},
       {luma, 0, chroma * 2 * (1 - encoding.kr)}}};
  const double black = exact && !encoding.full_range ? 16 : exact ? 0 : 128;
  std::array<int, 3> bgr{};
  for (std::size_t c = 0; c < 3; ++c) {
    const std::array<double, 3> values{y - black, u - 128., v - 128.};
    double sum = exact ? 0.5 : 128;
    for (std::size_t i = 0; i < 3; ++i) {
      const double fixed = std::rint(256 * weights[c][i]);
      const double spread = 257 * values[i] + (values[i] < 0 ? 256 : 0);
      sum += exact ? weights[c][i] * values[i] : std::floor(fixed * spread / 65536);
    }
    bgr[c] = std::clamp(static_cast<int>(std::floor(sum)), 0, 255);
  }
  return bgr;
}

/// A YUV 4:2:0 picture of noise, in planes of exactly the size it needs; rows of V in a plane of its own are
/// farther apart than those of U.
struct YuvImage {
  engine::Size size;
  bool interleaved;  ///< NV12, else I420
  std::vector<std::uint8_t> luma, chroma;

  YuvImage(engine::Size of, bool nv12, unsigned seed) : size(of), interleaved(nv12) {
    std::uint32_t state = seed * 747796405U + 2891336453U;
    const auto fill = [&](std::vector<std::uint8_t>& bytes, int count) {
      for (int i = 0; i < count; ++i) {
        state = state * 1664525U + 1013904223U;
        bytes.push_back(static_cast<std::uint8_t>(state >> 24));
      }
    };
    fill(luma, size.width * size.height);
    fill(chroma, (u_stride() + (interleaved ? 0 : v_stride())) * rows());
  }
  int u_stride() const { return columns() * (interleaved ? 2 : 1); }
  int v_stride() const { return interleaved ? u_stride() : columns() + 5; }
  int columns() const { return (size.width + 1) / 2; }
  int rows() const { return (size.height + 3) / 4 * 2; }  ///< Whole pairs, as two fields want them
  engine::ImageView view() const {
    const auto of_u = static_cast<std::size_t>(u_stride()) * static_cast<std::size_t>(rows());
    return {.data = luma.data(),
            .width = size.width,
            .height = size.height,
            .stride = size.width,
            .format = engine::PixelFormat::kYuv420,
            .chroma = {.u = chroma.data(),
                       .v = chroma.data() + (interleaved ? 1 : of_u),
                       .u_stride = u_stride(),
                       .v_stride = v_stride(),
                       .step = interleaved ? 2 : 1,
                       .picture = size}};
  }
};

}  // namespace rcnn::tests
