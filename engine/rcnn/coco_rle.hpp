// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "engine/rcnn/mask.hpp"

namespace rcnn::engine {

/// The counts as COCO's results write them, for {"size": [height, width], "counts": TEXT}: each count (from
/// the fourth on: its difference to the one two before) in groups of 5 bits, the lowest first, a further bit
/// saying that more follow; each group as the character 48 + group. Source: cocoapi rleToString.
///
/// {4, 1, 4, 2, 1} -> "4141M". Thread safety: reentrant.
std::string coco_rle(const Mask& mask);

}  // namespace rcnn::engine
