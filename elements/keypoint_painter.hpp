// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "elements/pen.hpp"
#include "engine/rcnn/box.hpp"

namespace rcnn::elements {

/// Draws the keypoints that were seen (score over 0.05, as Detectron2) as dots of the colour and, where they
/// are the 17 of COCO's persons, the limbs between them: left ones, right ones and those across in a colour
/// each. Thread safety: reentrant.
void paint_keypoints(const Pen& pen, std::span<const engine::Keypoint> keypoints, Rgb rgb);

}  // namespace rcnn::elements
