// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "engine/rcnn/box.hpp"
#include "engine/rcnn/mask.hpp"

namespace rcnn::engine {

/// Puts a predicted mask into the frame that its box is in.
///
///   probabilities  [side, side]  of the box's cells, row by row; those beyond the grid are 0
///   box                          pixels of the frame, clipped to it, not empty
///   width, height                of the frame, pixels
///
/// A pixel is inside where the probability sampled bilinearly at its centre is >= 0.5; only pixels of
/// floor(x0) - 1 .. ceil(x1) + 1 (y likewise) are looked at. Matches Detectron2 paste_masks_in_image on a CPU
/// in f32, operation by operation (grid_sample, align_corners=False, zeros).
///
/// Thread safety: reentrant. Cost: about 30 comparisons a column, and a sample for each pixel near the edge.
/// \throws ShapeError if there are not side * side probabilities.
Mask paste_mask(std::span<const float> probabilities, int side, const Box& box, int width, int height);

}  // namespace rcnn::engine
