// SPDX-License-Identifier: MIT
#include <algorithm>

#include "engine/ops/pointwise/bf16.hpp"
#include "engine/tensor/bf16.hpp"

namespace rcnn::engine::pointwise {
namespace {

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

std::size_t choose_depth(const Bf16Problem& problem) {
  constexpr std::size_t kFew = 2048, kDepth = 256;
  return problem.in_channels <= kFew ? problem.in_channels : kDepth;
}

/// As many as keep what is read of a block in the second-level cache beside a panel's weights, while all
/// panels go over it; whole sixes, and equally many in all blocks of an image.
std::size_t choose_block_cells(const Bf16Problem& problem) {
  constexpr std::size_t kBytes = std::size_t{256} << 10, kMostInParts = 120;
  const auto cells = problem.rows * problem.columns;
  const bool whole = choose_depth(problem) == problem.in_channels;
  const auto most = whole ? std::clamp<std::size_t>(kBytes / (2 * problem.in_channels),
                                                    Bf16Blocking::kPanelCells, Bf16Blocking::kMostCells)
                          : kMostInParts;
  const auto even = divide_up(cells, divide_up(cells, most));
  return divide_up(even, Bf16Blocking::kPanelCells) * Bf16Blocking::kPanelCells;
}

}  // namespace

Bf16Blocking::Bf16Blocking(const Bf16Problem& problem)
    : panels(divide_up(problem.out_channels, kPanelWidth)),
      block_cells(choose_block_cells(problem)),
      image_blocks(divide_up(problem.rows * problem.columns, block_cells)),
      blocks(problem.batch * image_blocks),
      panel_weights(problem.in_channels * kPanelWidth),
      depth(choose_depth(problem)) {}

void pack_weights(const Bf16Problem& problem, const Bf16Blocking& blocking, std::span<const float> weights,
                  std::span<std::uint16_t> packed) {
  constexpr auto kWidth = Bf16Blocking::kPanelWidth;
  std::ranges::fill(packed, std::uint16_t{0});
  for (std::size_t out = 0; out < problem.out_channels; ++out) {
    auto* to = &packed[out / kWidth * blocking.panel_weights + out % kWidth * 2];
    const float* from = &weights[out * problem.in_channels];
    for (std::size_t in = 0; in < problem.in_channels; in += 2, to += 2 * kWidth) {
      to[0] = to_bf16(from[in]);
      to[1] = to_bf16(from[in + 1]);
    }
  }
}

}  // namespace rcnn::engine::pointwise
