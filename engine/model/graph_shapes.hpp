// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "engine/model/graph.hpp"

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// Shapes by value name.
using ValueShapes = std::map<std::string, Shape>;

/// Shape of every value of the graph.
///
///   known  shapes of the graph's inputs, and of host operators' outputs, which depend on more than their
///   inputs
///
/// Also the check that a graph can run: each value is written once and before it is read, windows fit,
/// channels agree, outputs exist, no value is absurdly large. \throws ModelError naming the node and what is
/// wrong with it.
ValueShapes infer_shapes(const Graph& graph, ValueShapes known);

/// What the host hands to programs, known before any frame: "image" [1, 3, height, width], "pooled" of
/// `regions`, and with masks "mask_pooled" and "mask_classes", with keypoints "keypoint_pooled" of
/// `detections`.
ValueShapes program_inputs(const ModelConfig& config, std::int64_t height, std::int64_t width,
                           std::int64_t regions, std::int64_t detections);

/// True for operators with a weight and a bias; after folding these are all that have parameters.
bool has_weight(OpKind kind);
/// Shape of the weight that such an operator needs for this input: [O, I / groups, k, k], [O, I] (Linear) or
/// [I, O, k, k] (ConvTranspose2d).
Shape weight_shape(const Node& node, const Shape& input);

/// True for operators that run in programs, false for those of the host.
bool runs_on_core(OpKind kind);

}  // namespace rcnn::engine
