// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "engine/rcnn/box.hpp"

namespace rcnn::engine {

/// Frame in which the network sees an image.
struct NetworkFrame {
  float scale_x = 1;  ///< Network pixels per image pixel
  float scale_y = 1;
  float width = 0;  ///< Of the network's input without padding, pixels
  float height = 0;
};

/// Regions of a model without RPN (Fast R-CNN), from boxes that came with the image.
///
///   given  image pixels, any order, finite
///
/// Best first by logit (equal ones in the order given), scaled to the network's frame, clipped to it; those
/// that have no area left are dropped, the best `topk` of the others stay. Matches Detectron2's
/// transform_proposals in evaluation mode. Thread safety: reentrant.
std::vector<Proposal> fit_proposals(std::span<const Proposal> given, const NetworkFrame& frame, int topk);

}  // namespace rcnn::engine
