// SPDX-License-Identifier: MIT
#include "engine/rcnn/box_deltas.hpp"

#include <algorithm>
#include <cmath>

namespace rcnn::engine {
namespace {

// log(1000 / 16): a box grows at most 62.5-fold, so that exp() of a wild delta stays finite.
constexpr float kScaleClamp = 4.135166556742356F;

/// NaN stays NaN, as torch.clamp has it; that is how a broken region is found later.
float clamp_keeping_nan(float value, float low, float high) {
  return value < low ? low : value > high ? high : value;
}

}  // namespace

Box apply_deltas(const Box& anchor, std::span<const float, 4> deltas, const BoxDeltaWeights& weights) {
  const float width = anchor.width();
  const float height = anchor.height();
  const float center_x = anchor.x0 + 0.5F * width;
  const float center_y = anchor.y0 + 0.5F * height;
  const float dw = std::min(deltas[2] / weights[2], kScaleClamp);
  const float dh = std::min(deltas[3] / weights[3], kScaleClamp);
  const float new_center_x = deltas[0] / weights[0] * width + center_x;
  const float new_center_y = deltas[1] / weights[1] * height + center_y;
  const float half_width = 0.5F * (std::exp(dw) * width);
  const float half_height = 0.5F * (std::exp(dh) * height);
  return {new_center_x - half_width, new_center_y - half_height, new_center_x + half_width,
          new_center_y + half_height};
}

Box clip(const Box& box, float width, float height) {
  return {clamp_keeping_nan(box.x0, 0, width), clamp_keeping_nan(box.y0, 0, height),
          clamp_keeping_nan(box.x1, 0, width), clamp_keeping_nan(box.y1, 0, height)};
}

}  // namespace rcnn::engine
