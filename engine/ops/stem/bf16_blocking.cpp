// SPDX-License-Identifier: MIT
#include <algorithm>

#include "engine/ops/stem/bf16.hpp"
#include "engine/tensor/bf16.hpp"

namespace rcnn::engine::stem {
namespace {

constexpr std::size_t kLine = 32;  ///< Elements of a cache line

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
std::size_t whole_lines(std::size_t elements) { return divide_up(elements, kLine) * kLine; }

std::size_t windows(std::size_t extent, const Bf16Problem& problem) {
  return (extent + 2 * problem.padding - problem.kernel) / Bf16Problem::kStride + 1;
}

/// Zeros are written beyond a row's end, and after the last pixel a window may read a value too many of each
/// cell of a panel.
std::size_t image_row_of(const Bf16Problem& problem) {
  return whole_lines(Bf16Problem::kChannels * (problem.width + 2 * problem.padding)) + 3 * kLine;
}

}  // namespace

Bf16Blocking::Bf16Blocking(const Bf16Problem& problem)
    : conv_height(windows(problem.height, problem)),
      conv_width(windows(problem.width, problem)),
      pooled_height((conv_height - 1) / 2 + 1),
      pooled_width((conv_width - 1) / 2 + 1),
      panels(divide_up(problem.out_channels, kPanelWidth)),
      pairs(divide_up(Bf16Problem::kChannels * problem.kernel, 2)),
      panel_weights(problem.kernel * pairs * 2 * kPanelWidth),
      image_row(image_row_of(problem)),
      conv_row(std::max(conv_width, kPanelCells) * problem.out_channels),
      strip_rows(divide_up(pooled_height, problem.threads)),
      image_strips(divide_up(pooled_height, strip_rows)),
      scratch_bytes(sizeof(std::uint16_t) * whole_lines(problem.kernel * image_row + 2 * conv_row)) {}

void pack_weights(const Bf16Problem& problem, const Bf16Blocking& blocking, std::span<const float> weights,
                  std::span<std::uint16_t> packed) {
  constexpr auto kWidth = Bf16Blocking::kPanelWidth;
  const auto kernel = problem.kernel;
  std::ranges::fill(packed, std::uint16_t{0});
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto x = i % kernel, y = i / kernel % kernel;
    const auto channel = i / (kernel * kernel) % Bf16Problem::kChannels;
    const auto out = i / (kernel * kernel * Bf16Problem::kChannels);
    const auto place = x * Bf16Problem::kChannels + channel;  // As a row of the image lies
    const auto pair = y * blocking.pairs + place / 2;
    packed[out / kWidth * blocking.panel_weights + (pair * kWidth + out % kWidth) * 2 + place % 2] =
        to_bf16(weights[i]);
  }
}

}  // namespace rcnn::engine::stem
