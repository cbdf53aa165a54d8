// SPDX-License-Identifier: MIT
#include "engine/ops/pointwise/floats.hpp"

#include <algorithm>

#include "engine/ops/pointwise/float_kernels.hpp"
#include "engine/tensor/bf16.hpp"

namespace rcnn::engine::pointwise {
namespace {

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

std::size_t value_bytes(const FloatProblem& problem) {
  return problem.element == Element::kF32 ? sizeof(float) : sizeof(std::uint16_t);
}

std::size_t choose_depth(const FloatProblem& problem) {
  constexpr std::size_t kFewBytes = 4096, kDepthBytes = 512;
  return problem.in_channels <= kFewBytes / value_bytes(problem) ? problem.in_channels
                                                                 : kDepthBytes / value_bytes(problem);
}

/// As many as keep what is read of a block in the second-level cache beside a panel's weights, while all
/// panels go over it; whole sixes, and equally many in all blocks of an image.
std::size_t choose_block_cells(const FloatProblem& problem) {
  constexpr std::size_t kBytes = std::size_t{256} << 10, kMostInParts = 120;
  const auto cells = problem.rows * problem.columns;
  const bool whole = choose_depth(problem) == problem.in_channels;
  const auto most = whole ? std::clamp<std::size_t>(kBytes / (value_bytes(problem) * problem.in_channels),
                                                    FloatBlocking::kPanelCells, FloatBlocking::kMostCells)
                          : kMostInParts;
  const auto even = divide_up(cells, divide_up(cells, most));
  return divide_up(even, FloatBlocking::kPanelCells) * FloatBlocking::kPanelCells;
}

/// \param together  input channels that lie together, of each output channel
template <typename T, typename Convert>
void pack(const FloatProblem& problem, const FloatBlocking& blocking, std::span<const float> weights,
          std::span<T> packed, std::size_t together, const Convert& convert) {
  constexpr auto kWidth = FloatBlocking::kPanelWidth;
  std::ranges::fill(packed, T{});
  for (std::size_t out = 0; out < problem.out_channels; ++out) {
    auto* to = &packed[out / kWidth * blocking.panel_weights + out % kWidth * together];
    const float* from = &weights[out * problem.in_channels];
    for (std::size_t in = 0; in < problem.in_channels; in += together, to += together * kWidth) {
      for (std::size_t i = 0; i < together; ++i) to[i] = convert(from[in + i]);
    }
  }
}

}  // namespace

FloatBlocking::FloatBlocking(const FloatProblem& problem)
    : panels(divide_up(problem.out_channels, kPanelWidth)),
      block_cells(choose_block_cells(problem)),
      image_blocks(divide_up(problem.rows * problem.columns, block_cells)),
      blocks(problem.batch * image_blocks),
      panel_weights(problem.in_channels * kPanelWidth),
      depth(choose_depth(problem)) {}

bool can_run_floats(Element element) {
  if (element == Element::kF32) return has_avx512();
  return element == Element::kBf16 && has_bf16();
}

void pack_weights(const FloatProblem& problem, const FloatBlocking& blocking, std::span<const float> weights,
                  void* packed) {
  const auto count = blocking.weight_count();
  if (problem.element == Element::kF32) {
    pack(problem, blocking, weights, std::span(static_cast<float*>(packed), count), 1,
         [](float value) { return value; });
  } else {
    pack(problem, blocking, weights, std::span(static_cast<std::uint16_t*>(packed), count), 2,
         [](float value) { return to_bf16(value); });
  }
}

void run_floats(const FloatProblem& problem, const FloatBlocking& blocking, std::size_t block,
                const FloatMemory& memory) {
  if (problem.element == Element::kF32) {
    run_f32(problem, blocking, block, memory);
  } else {
    run_bf16(problem, blocking, block, memory);
  }
}

}  // namespace rcnn::engine::pointwise
