// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/ops/element.hpp"

namespace rcnn::engine::pointwise {

/// A 1x1 convolution of f32 or bf16, summed in f32:
///
///   result[p][o] = round(relu_or_not(bias[o] + source[p][0] * weight[o][0] + ... + what it holds before or
///   not))
///
/// Results in bf16 are rounded once, ties to even.
struct FloatProblem {
  std::size_t batch = 1;
  std::size_t rows = 0;  ///< Of the output
  std::size_t columns = 0;
  std::size_t in_channels = 0;   ///< A multiple of 16
  std::size_t out_channels = 0;  ///< A multiple of 16
  MapStrides source{};           ///< From one cell that is read to the next: a stride is in here
  MapStrides destination{};
  Element element = Element::kBf16;  ///< Or f32: of source, weights and destination
  bool sum = false;
  bool relu = false;
  std::size_t threads = 1;  ///< That share the blocks. The result does not depend on it, bit for bit
};

/// How such a problem is cut. A block of cells of one image goes through all panels of output channels, and
/// in each six cells at a time: 24 sums, four weights and one value fill the registers. Of many input
/// channels (a box head's first matrix has 12544) so many are multiplied at a time as the first cache holds
/// of a panel's weights, for all panels; meanwhile sums lie in memory, as the f32 they are in registers.
///
///   weights  bf16 [panel][C / 2][64 output channels][2 input channels], f32 [panel][C][64]; padded with
///            zeros to whole panels
struct FloatBlocking {
  static constexpr std::size_t kPanelWidth = 64;
  static constexpr std::size_t kPanelCells = 6;
  static constexpr std::size_t kMostCells = 240;

  explicit FloatBlocking(const FloatProblem& problem);

  std::size_t panels;
  std::size_t block_cells;   ///< At most kMostCells; the last block of an image may have fewer
  std::size_t image_blocks;  ///< Blocks of an image
  std::size_t blocks;
  std::size_t panel_weights;  ///< From panel to panel
  std::size_t depth;          ///< Input channels at a time; the last time may have fewer

  std::size_t weight_count() const { return panels * panel_weights; }
  /// Of one thread.
  std::size_t scratch_bytes() const {
    return panel_weights <= depth * kPanelWidth ? 0 : panels * block_cells * kPanelWidth * sizeof(float);
  }
};

/// Of the problem's type where nothing else is said.
struct FloatMemory {
  const void* source = nullptr;
  const void* weights = nullptr;  ///< Packed, 64 bytes aligned
  const float* bias = nullptr;    ///< [O], or null
  void* destination = nullptr;
  void* scratch = nullptr;  ///< FloatBlocking::scratch_bytes(), 64 bytes aligned
};

/// Whether this processor has what run_floats() is made of: AVX-512, for bf16 with BF16.
/// Thread safety: thread-safe.
bool can_run_floats(Element element);

/// \param weights  [O, C] row-major f32
/// \param packed   FloatBlocking::weight_count() values of the problem's type, every one is written
/// Thread safety: reentrant.
void pack_weights(const FloatProblem& problem, const FloatBlocking& blocking, std::span<const float> weights,
                  void* packed);

/// One block. Only where can_run_floats().
/// Thread safety: reentrant; blocks of one problem may run in parallel. Nothing is allocated.
void run_floats(const FloatProblem& problem, const FloatBlocking& blocking, std::size_t block,
                const FloatMemory& memory);

}  // namespace rcnn::engine::pointwise
