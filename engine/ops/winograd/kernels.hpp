// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "engine/ops/winograd/blocking.hpp"

namespace rcnn::engine::winograd {

/// The three steps of a block of tiles, each with the widest registers that this CPU has. Layouts: Blocking.
/// Thread safety: reentrant. Nothing is allocated.

/// patches = B^T x B of every tile and input channel; cells outside the image count as zero.
///   source  [N][C / block][H][W][block]
void transform_input(const Problem& problem, const Blocking& blocking, TileRange tiles, const float* source,
                     float* patches);

/// products = patches times weights, point by point.
void multiply(const Problem& problem, const Blocking& blocking, std::size_t tiles, const float* patches,
              const float* weights, float* products);

/// destination = A^T m A + bias (+ destination), then ReLU.
///   bias         [K], or null
///   destination  [N][K / block][H][W][block]
void transform_output(const Problem& problem, const Blocking& blocking, TileRange tiles,
                      const float* products, const float* bias, float* destination);

/// Name of the instruction set that the three run with, "AVX2" and the like.
std::string instruction_set();

}  // namespace rcnn::engine::winograd
