// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// How values lie in memory outside of kernels that are compiled for one instruction set. Integers stand for
/// themselves times a step.
enum class Element : std::uint8_t { kF32, kBf16, kU8, kS8 };

/// Where the values of a map [N, C, H, W] lie, in elements. 16 channels of a cell are neighbours, as they are
/// in blocks of 16 and where the channel is fastest.
struct MapStrides {
  std::size_t image = 0;
  std::size_t group = 0;  ///< From 16 channels to the next 16 of the same cell
  std::size_t row = 0;
  std::size_t cell = 0;
};

class Format;
Element element_of(const Format& format);
/// Of [N, C, H, W] in kNhwc or kBlocked16, whole sixteens of channels.
///   step  cells from one that is read to the next, in a row and from row to row
MapStrides map_strides(const Format& format, std::size_t step = 1);

}  // namespace rcnn::engine
