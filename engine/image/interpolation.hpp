// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace rcnn::engine {

/// Pillow's filter of that name, by which a resize weighs source pixels around a target pixel's centre.
enum class Interpolation : std::uint8_t {
  kBilinear,  ///< Triangle, 1 pixel to either side
  kBicubic    ///< Keys's cubic with a = -0.5, 2 pixels to either side, weights below zero in the outer ones
};

}  // namespace rcnn::engine
