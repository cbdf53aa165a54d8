// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <span>

#include "engine/rcnn/box_deltas.hpp"

namespace rcnn::tests {

/// The slow twin: Detectron2's Box2BoxTransform.apply_deltas, line by line. In double to see how exact the
/// fast one is; in float, which must give its very bits, where a last bit decides what lives.
template <typename Real>
std::array<Real, 4> slow_decode(const engine::Box& anchor, std::span<const float, 4> deltas,
                                const engine::BoxDeltaWeights& weights) {
  const auto real = [](float value) { return static_cast<Real>(value); };
  const Real half = 0.5;
  const Real most = static_cast<Real>(std::log(1000. / 16));
  const auto at_most = [&](Real value) { return value > most ? most : value; };  // NaN stays NaN
  const Real width = real(anchor.x1) - real(anchor.x0);
  const Real height = real(anchor.y1) - real(anchor.y0);
  const Real center_x = real(anchor.x0) + half * width;
  const Real center_y = real(anchor.y0) + half * height;
  const Real dx = real(deltas[0]) / real(weights[0]);
  const Real dy = real(deltas[1]) / real(weights[1]);
  const Real dw = at_most(real(deltas[2]) / real(weights[2]));
  const Real dh = at_most(real(deltas[3]) / real(weights[3]));
  const Real new_center_x = dx * width + center_x;
  const Real new_center_y = dy * height + center_y;
  const Real new_width = std::exp(dw) * width;
  const Real new_height = std::exp(dh) * height;
  return {new_center_x - half * new_width, new_center_y - half * new_height, new_center_x + half * new_width,
          new_center_y + half * new_height};
}

/// Detectron2's Box2BoxTransform.get_deltas: what decodes to `target`.
inline std::array<float, 4> slow_encode(const engine::Box& anchor, const engine::Box& target,
                                        const engine::BoxDeltaWeights& weights) {
  const auto one = [](float low, float high, float to_low, float to_high, float move, float grow) {
    const double side = static_cast<double>(high) - low, to_side = static_cast<double>(to_high) - to_low;
    const double center = low + side / 2, to_center = to_low + to_side / 2;
    return std::array<float, 2>{static_cast<float>(move * (to_center - center) / side),
                                static_cast<float>(grow * std::log(to_side / side))};
  };
  const auto x = one(anchor.x0, anchor.x1, target.x0, target.x1, weights[0], weights[2]);
  const auto y = one(anchor.y0, anchor.y1, target.y0, target.y1, weights[1], weights[3]);
  return {x[0], y[0], x[1], y[1]};
}

/// The slow twin of decoding and clipping at once, in f32. \returns false where a corner is not finite.
inline bool slow_clipped(const engine::Box& anchor, std::span<const float, 4> deltas,
                         const engine::BoxDeltaWeights& weights, float width, float height,
                         engine::Box& box) {
  const auto corners = slow_decode<float>(anchor, deltas, weights);
  for (const auto corner : corners) {
    if (!std::isfinite(corner)) return false;
  }
  const auto within = [](float value, float limit) { return std::fmin(std::fmax(value, 0.F), limit); };
  box = {within(corners[0], width), within(corners[1], height), within(corners[2], width),
         within(corners[3], height)};
  return true;
}

}  // namespace rcnn::tests
