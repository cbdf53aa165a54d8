// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/ops/element.hpp"

namespace rcnn::engine::stem {

/// What ResNets begin with: a convolution of stride 2 over an image of three channels, a ReLU, and the
/// largest of 3x3 cells, stride 2, padding 1. Products of bf16 are summed in f32; the convolution's results
/// are rounded to bf16 before they are compared.
struct Bf16Problem {
  static constexpr std::size_t kChannels = 3;  ///< Of the image
  static constexpr std::size_t kStride = 2;
  static constexpr std::size_t kMostKernel = 11, kMostPadding = 5;

  std::size_t images = 1;
  std::size_t height = 0;  ///< Of the image
  std::size_t width = 0;
  std::size_t kernel = 7;
  std::size_t padding = 3;
  std::size_t out_channels = 0;  ///< A multiple of 32
  MapStrides destination{};
  std::size_t threads = 1;  ///< Each image is cut into as many strips. The result does not depend on it
};

/// How such a problem is cut. The image's rows are copied between zeros, into a ring of as many as a window
/// has; of them a row of the convolution is computed, six cells times 64 output channels at a time (24 sums,
/// four weights and one value fill the registers). Of its rows the last one and the largest of each three so
/// far are kept. So the convolution's map, four times as large as what is written, is never in memory.
///
///   weights  bf16 [panel][kernel row][pair][64 output channels][2]   padded with zeros to whole pairs and
///   panels
struct Bf16Blocking {
  static constexpr std::size_t kPanelWidth = 64;
  static constexpr std::size_t kPanelCells = 6;

  explicit Bf16Blocking(const Bf16Problem& problem);

  std::size_t conv_height, conv_width;
  std::size_t pooled_height, pooled_width;
  std::size_t panels;
  std::size_t pairs;          ///< Of a row of the window
  std::size_t panel_weights;  ///< From panel to panel
  std::size_t image_row;      ///< Elements from row to row in the ring of image rows
  std::size_t conv_row;       ///< And in that of the convolution's
  std::size_t strip_rows;     ///< Pooled rows of a strip; the last may have fewer
  std::size_t image_strips;
  std::size_t scratch_bytes;  ///< Of one thread
};

/// Whether this processor has what run_bf16() is made of: AVX-512 BF16. Thread safety: thread-safe.
bool can_run_bf16();

/// \param weights  [O, 3, kernel, kernel] row-major f32; \param packed  panels * panel_weights, all are
/// written
/// Thread safety: reentrant.
void pack_weights(const Bf16Problem& problem, const Bf16Blocking& blocking, std::span<const float> weights,
                  std::span<std::uint16_t> packed);

/// One strip of images * image_strips. Only where can_run_bf16().
///   source       [N, H, W, 3] bf16
///   weights      packed, 64 bytes aligned
///   bias         [panels * 64] f32
///   destination  bf16
///   scratch      blocking.scratch_bytes, 64 bytes aligned
/// Thread safety: reentrant; strips of one problem may run in parallel. Nothing is allocated.
void run_bf16(const Bf16Problem& problem, const Bf16Blocking& blocking, std::size_t strip,
              const std::uint16_t* source, const std::uint16_t* weights, const float* bias,
              std::uint16_t* destination, void* scratch);

}  // namespace rcnn::engine::stem
