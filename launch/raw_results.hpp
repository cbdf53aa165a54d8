// SPDX-License-Identifier: MIT
#pragma once

#include "engine/results/raw_result.hpp"
#include "pipeline/frame.hpp"

namespace rcnn::launch {

/// The raw outputs of a frame that has passed all stages with Frame::keep_detail_outputs set. Keypoints are
/// found a second time, in the network's frame: half a millisecond each.
/// Thread safety: reentrant.
engine::RawResult raw_result(const pipeline::Frame& frame);

}  // namespace rcnn::launch
