// SPDX-License-Identifier: MIT
#include <algorithm>

#include "engine/ops/pointwise/int8.hpp"

namespace rcnn::engine::pointwise {
namespace {

constexpr std::size_t kPanel = Int8Blocking::kPanelPixels;
constexpr std::size_t kWidth = Int8Blocking::kPanelWidth;

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

std::size_t choose_depth(const Int8Problem& problem) {
  constexpr std::size_t kFew = 4096, kDepth = 512;
  return problem.in_channels <= kFew ? problem.in_channels : kDepth;
}

/// Few enough for the source to stay in the second-level cache beside a panel's weights, which the first
/// holds up to 512 channels; enough for those to come from further away seldom. From 32 to 256 KB the speed
/// differs by less than it does from run to run. Equally many in all blocks (of all threads).
std::size_t choose_block_pixels(const Int8Problem& problem) {
  constexpr std::size_t kSourceBytes = std::size_t{128} << 10, kMostInParts = 120;
  const bool whole = choose_depth(problem) == problem.in_channels;
  const auto most = whole ? std::clamp(kSourceBytes / problem.in_channels, kPanel, Int8Blocking::kMostPixels)
                          : kMostInParts;
  const auto blocks = divide_up(problem.pixels, most * problem.threads) * problem.threads;
  return divide_up(divide_up(problem.pixels, blocks), kPanel) * kPanel;
}

}  // namespace

Int8Blocking::Int8Blocking(const Int8Problem& problem)
    : panels(divide_up(problem.out_channels, kPanelWidth)),
      block_pixels(choose_block_pixels(problem)),
      blocks(divide_up(problem.pixels, block_pixels)),
      panel_weights(problem.in_channels * kPanelWidth),
      depth(choose_depth(problem)) {}

std::size_t Int8Blocking::channel_at(Element destination, std::size_t place) {
  if (destination == Element::kF32 || destination == Element::kBf16) return place;
  // Packs work within 128 bits: those of four registers come to lie side by side.
  const auto part = place / 16, lane = place % 16 / 4, value = place % 4;
  return 16 * lane + 4 * part + value;
}

void pack_weights(const Int8Problem& problem, const Int8Blocking& blocking, const std::int8_t* integers,
                  std::int8_t* weights, std::int32_t* starts) {
  for (std::size_t place = 0; place < blocking.panels * kWidth; ++place) {
    const auto panel = place / kWidth;
    const auto channel = panel * kWidth + Int8Blocking::channel_at(problem.destination, place % kWidth);
    auto* to = weights + panel * blocking.panel_weights + place % kWidth * 4;
    std::int32_t sum = 0;
    for (std::size_t c = 0; c < problem.in_channels; ++c) {
      const bool real = channel < problem.out_channels;
      const auto value = real ? integers[channel * problem.in_channels + c] : std::int8_t{0};
      to[c / 4 * 4 * kWidth + c % 4] = value;
      sum += value;
    }
    starts[place] = problem.source == Element::kS8 ? -128 * sum : 0;
  }
}

}  // namespace rcnn::engine::pointwise
