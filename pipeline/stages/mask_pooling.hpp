// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>

#include "engine/rcnn/box.hpp"
#include "pipeline/session.hpp"

namespace rcnn::pipeline {

/// What the mask head reads: {"mask_pooled", "mask_classes"} of the largest bucket, a row a detection;
/// classes beyond are 0, so that every bucket's are valid. Null without detections.
///
///   backbone    outputs of the image program, p2..p5 first
///   detections  in the network's frame
std::shared_ptr<TensorSet> pool_for_masks(const Session& session, const TensorSet& backbone,
                                          std::span<const engine::Detection> detections);

}  // namespace rcnn::pipeline
