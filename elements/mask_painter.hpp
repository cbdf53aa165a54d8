// SPDX-License-Identifier: MIT
#pragma once

#include "elements/pen.hpp"
#include "engine/rcnn/mask.hpp"

namespace rcnn::elements {

/// Tints what the mask covers, half the colour and half the picture as Detectron2 does, and draws its
/// contours, those of holes too. What lies outside the picture is cut off. Thread safety: reentrant.
void paint_mask(const Pen& pen, const engine::Mask& mask, Rgb rgb);

}  // namespace rcnn::elements
