// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "engine/rcnn/box.hpp"

namespace rcnn::engine {

/// Anchors of one FPN level around the origin, sizes outermost, ratios (h/w) innermost.
/// Source: Detectron2 DefaultAnchorGenerator.generate_cell_anchors (area = size^2, w = sqrt(area / ratio)).
/// Thread safety: reentrant.
std::vector<Box> cell_anchors(std::span<const float> sizes, std::span<const float> aspect_ratios);

/// All anchors of one level: order H, W, cell anchor; centre of cell (y, x) at ((x + offset) * stride, ...).
///
///   anchors  [height * width * cells.size()]  network-input pixels
///
/// Thread safety: reentrant. \throws ShapeError for a size below 0 or a stride below 1.
std::vector<Box> grid_anchors(std::span<const Box> cells, int height, int width, int stride, float offset);

}  // namespace rcnn::engine
