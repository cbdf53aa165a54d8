// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "engine/rcnn/box.hpp"

namespace rcnn::engine {

/// Where the keypoints of one detection are.
///
///   heatmaps  [K, side, side]  logits over the box's cells, a map a keypoint
///   box                        network's frame, pixels
///
/// \returns K keypoints in the frame of the box, each with its score: the first of the largest values of the
/// map resized to ceil(width) x ceil(height) (bicubic, a = -0.75, edges clamped), at its pixel's centre times
/// width / ceil(width); the score is exp(largest - largest) over the sum of exp(value - largest) of the map
/// as given, and may exceed 1. Sides below 1 count as 1. Matches Detectron2 heatmaps_to_keypoints.
///
/// Thread safety: reentrant. Cost: O(K * width * height). \throws ShapeError if the maps are not K * side *
/// side.
std::vector<Keypoint> find_keypoints(std::span<const float> heatmaps, int count, int side, const Box& box);

}  // namespace rcnn::engine
