// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>

#include "engine/rcnn/box.hpp"
#include "pipeline/session.hpp"

namespace rcnn::pipeline {

/// What the detail head reads, of the largest bucket, a row a detection: the pooled boxes and, for masks, the
/// classes; those beyond the detections are 0, so that every row of a bucket has a class. Null without
/// detections.
///
///   backbone    outputs of the image program, p2..p5 first
///   detections  in the network's frame
/// Thread safety: reentrant (Session is thread-safe); spreads its work over the arena.
std::shared_ptr<TensorSet> pool_for_details(const Session& session, const TensorSet& backbone,
                                            std::span<const engine::Detection> detections);

}  // namespace rcnn::pipeline
