// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "engine/rcnn/box.hpp"

namespace rcnn::engine {

/// Greedy non-maximum suppression: a box is dropped when its IoU with a kept, better one is > threshold.
///
///   boxes   [K]  any one frame
///   scores  [K]
///   result  indices of kept boxes, best score first (equal scores: lower index first)
///
/// Matches torchvision.ops.nms (IoU in f32). Thread safety: reentrant. Cost O(K^2) worst case.
/// \throws ShapeError if the sizes differ.
std::vector<int> nms(std::span<const Box> boxes, std::span<const float> scores, float threshold);

/// NMS within each class. Matches torchvision.ops.batched_nms: for at most 1,000 boxes one f32 NMS on
/// boxes + class * (largest coordinate + 1) (4 * K <= 4000 elements), beyond that exactly per class.
/// (Rounding of the shifted coordinates decides rare ties, so both ways are kept.)
std::vector<int> batched_nms(std::span<const Box> boxes, std::span<const float> scores,
                             std::span<const int> classes, float threshold);

}  // namespace rcnn::engine
