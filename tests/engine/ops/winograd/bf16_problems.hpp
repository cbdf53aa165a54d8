// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "engine/ops/winograd/bf16.hpp"

namespace rcnn::tests {

/// [N][H][W][C], or [N][C / 16][H][W][16].
inline engine::MapStrides map_strides(bool blocked, std::size_t channels, std::size_t height,
                                      std::size_t width) {
  if (blocked) return {channels * height * width, 16 * height * width, 16 * width, 16};
  return {channels * height * width, 16, width * channels, channels};
}

/// Sizes that go wrong easily: one cell, whole tiles, ragged ones, one row, several blocks of tiles, channels
/// that fill half a pair of registers, output channels that fill part of a panel, two images; in both
/// layouts.
inline std::vector<engine::winograd::Bf16Problem> bf16_problems() {
  struct Sizes {
    std::size_t batch, in, out, height, width;
  };
  const Sizes sizes[] = {{1, 16, 16, 1, 1},   {1, 32, 64, 4, 8},   {1, 48, 80, 5, 7},
                         {1, 16, 144, 1, 31}, {1, 64, 16, 33, 47}, {2, 32, 48, 6, 3}};
  std::vector<engine::winograd::Bf16Problem> problems;
  for (const bool blocked : {false, true}) {
    for (const auto& s : sizes) {
      for (const auto variant : {engine::winograd::Variant::kF2x2, engine::winograd::Variant::kF4x4}) {
        engine::winograd::Bf16Problem problem;
        problem.variant = variant;
        problem.batch = s.batch;
        problem.in_channels = s.in;
        problem.out_channels = s.out;
        problem.height = s.height;
        problem.width = s.width;
        problem.source_strides = map_strides(blocked, s.in, s.height, s.width);
        problem.destination_strides = map_strides(blocked, s.out, s.height, s.width);
        problems.push_back(problem);
      }
    }
  }
  return problems;
}

inline std::string describe(const engine::winograd::Bf16Problem& p) {
  return to_string(p.variant) + " " + std::to_string(p.batch) + "x" + std::to_string(p.in_channels) + "->" +
         std::to_string(p.out_channels) + " " + std::to_string(p.height) + "x" + std::to_string(p.width) +
         (p.source_strides.cell == 16 ? " in blocks" : " channels last");
}

}  // namespace rcnn::tests
