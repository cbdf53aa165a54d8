// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "engine/rcnn/box.hpp"

namespace rcnn::engine {

/// As many as there are.
inline constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

/// Greedy non-maximum suppression: a box is dropped when its IoU with a kept, better one is > threshold.
///
///   boxes   [K]  any one frame
///   scores  [K]
///   result  [at most `limit`] indices of kept boxes, best score first (equal scores: lower index first)
///
/// Matches torchvision.ops.nms (IoU in f32). A limit ends the work early and changes nothing before it.
/// Thread safety: reentrant. Cost O(K * kept), over the lanes of a register.
/// \throws ShapeError if the sizes differ.
std::vector<int> nms(std::span<const Box> boxes, std::span<const float> scores, float threshold,
                     std::size_t limit = kNoLimit);

/// NMS within each class. Matches torchvision.ops.batched_nms: for at most 1,000 boxes one f32 NMS on
/// boxes + class * (largest coordinate + 1) (4 * K <= 4000 elements), beyond that exactly per class.
/// (Rounding of the shifted coordinates decides rare ties, so both ways are kept.)
///
///   classes  [K]  any integers
/// Thread safety and errors: as nms().
std::vector<int> batched_nms(std::span<const Box> boxes, std::span<const float> scores,
                             std::span<const int> classes, float threshold, std::size_t limit = kNoLimit);

}  // namespace rcnn::engine
