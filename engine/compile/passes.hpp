// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "engine/compile/compiler.hpp"
#include "engine/model/checkpoint.hpp"
#include "engine/model/graph.hpp"

namespace rcnn::engine {

// Thread safety: reentrant, all of them; a pass that throws leaves graph and weights half changed.

/// What holds for every network. \throws SettingError for a precision that this build cannot make, input
/// sides out of range, or a batch of several frames.
void check_shared_options(const CompileOptions& options);

/// \throws SettingError for a way to the network's input that only detectors take.
void check_classifier_input(const CompileOptions& options);

using Weights = std::map<std::string, CheckpointTensor>;

/// Multiplies each batch norm into the convolution before it and removes it:
/// w' = w * g, b' = beta + (b - mean) * g with g = gamma / sqrt(var + 1e-5), in double, rounded once.
/// The convolution gets the bias "<name>.bias"; the norm's parameters leave `weights`.
/// \throws ModelError where a norm does not follow a convolution of its own, a parameter is missing, or a
/// variance makes no finite g.
void fold_batch_norms(Graph& network, Weights& weights);

/// Transposed convolutions (kernel k, stride s, k = s + 2 * padding) become convolutions with s * s * O
/// outputs: each cell then holds the channels of its s x s cells-to-be, (0, 0) first. 2/2 becomes 1x1, 4/2
/// becomes 3x3. The mask predictor or upsampling that follows, through ReLUs, gets that stride and reads them
/// there; nothing is moved. \throws ModelError where something else follows.
void lower_transposed_convolutions(Graph& network, Weights& weights);

/// Sums become the last step of the later of the two convolutions that they join, then activations the last
/// step of the convolution or linear layer before them. What another operator reads as well, or a graph
/// output, stays.
void fuse(Graph& network);

/// Reorders the columns of linear weights that read "pooled" from Detectron2's [C, S, S] to the [S, S, C] in
/// which roi_align writes a region, so that no transpose is needed at run time.
///   channels  C
void permute_pooled_columns(const Graph& network, Weights& weights, int channels);

}  // namespace rcnn::engine
