// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/ops/element.hpp"

namespace rcnn::engine::pointwise {

/// Where the pixels lie that are read, in bytes: all of a map, or every so many of its rows and columns.
struct SourcePixels {
  std::size_t columns = 0;  ///< That are read
  std::size_t rows = 0;     ///< Of one image, that are read
  std::size_t cell = 0;     ///< From one to the next
  std::size_t row = 0;
  std::size_t image = 0;
};

/// A 1x1 convolution of values in 8 bits, channel fastest: a matrix product.
///
///   result[p][o] = round_or_not(relu_or_not(scale[o] * sum + bias[o] + summand_scale * what it holds
///   before)) sum          = source[p][0] * weight[o][0] + source[p][1] * weight[o][1] + ...    exact, in s32
///
/// Results in 8 bits are the nearest integers, ties to even, and saturate; in bf16 ties go to even as well.
struct Int8Problem {
  std::size_t pixels = 0;        ///< Of the whole batch; of the output, where the source has more
  std::size_t in_channels = 0;   ///< A multiple of 4
  std::size_t out_channels = 0;  ///< Any; of a multiple of 64 nothing is computed in vain
  SourcePixels source_pixels{};
  Element source = Element::kU8;  ///< Or s8
  Element destination = Element::kU8;
  Element summand = Element::kU8;  ///< What the output holds before: in 8 bits where it is, else of its type
  bool sum = false;
  bool relu = false;
  float summand_scale = 1;  ///< Step of the summand over step of the destination
  std::size_t threads =
      1;  ///< That share the blocks of pixels. The result does not depend on it, bit for bit
};

/// How such a problem is cut. A block of pixels goes through all panels of output channels, and in each six
/// pixels at a time: 24 sums, four weights and one value fill the registers. Of many input channels so many
/// are multiplied at a time as of floats (FloatBlocking).
struct Int8Blocking {
  static constexpr std::size_t kPanelWidth = 64;  ///< Output channels
  static constexpr std::size_t kPanelPixels = 6;
  static constexpr std::size_t kMostPixels = 504;

  explicit Int8Blocking(const Int8Problem& problem);

  std::size_t panels;
  std::size_t block_pixels;  ///< At most kMostPixels; the last block may have fewer
  std::size_t blocks;
  std::size_t panel_weights;  ///< Bytes from panel to panel
  std::size_t depth;          ///< Input channels at a time; the last time may have fewer

  /// Of one thread.
  std::size_t scratch_bytes() const {
    return panel_weights <= depth * kPanelWidth ? 0
                                                : panels * block_pixels * kPanelWidth * sizeof(std::int32_t);
  }

  /// Output channel of a panel that is at `place` among its 64 sums: 8 bits are narrowed four registers at a
  /// time, which interleaves quarters of them.
  static std::size_t channel_at(Element destination, std::size_t place);
};

/// Padded with zeros to whole panels; 64 bytes aligned.
///   weights  s8  [panel][C / 4][64 places][4 input channels]
///   starts   s32 [panel][64 places]   what sums begin with: 0, or -128 times the weights' sum for s8
///   sources,
///                                     which are multiplied with 128 added
///   scales   f32 [panel][64 places]   one unit of a sum over the destination's step
///   biases   f32 [panel][64 places]   over the destination's step
struct Int8Weights {
  const std::int8_t* weights;
  const std::int32_t* starts;
  const float* scales;
  const float* biases;
};

/// Fills `weights` ([panel]...) and `starts`.
///   integers  [O][C]
/// Thread safety: reentrant.
void pack_weights(const Int8Problem& problem, const Int8Blocking& blocking, const std::int8_t* integers,
                  std::int8_t* weights, std::int32_t* starts);

/// Whether this processor has what run_int8() is made of: AVX-512 with VNNI. Thread safety: thread-safe.
bool can_run_int8();

/// One block of pixels. Only where can_run_int8().
///   source       first pixel of the map
///   destination  [pixel][O]
///   scratch      blocking.scratch_bytes(), 64 bytes aligned
/// Thread safety: reentrant; blocks of one problem may run in parallel. Nothing is allocated.
void run_int8(const Int8Problem& problem, const Int8Blocking& blocking, std::size_t block, const void* source,
              const Int8Weights& weights, void* destination, void* scratch);

}  // namespace rcnn::engine::pointwise
