// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/image/image_view.hpp"

namespace rcnn::engine {

// From YUV 4:2:0 to pixels of 4 bytes, each over one row, with the widest registers this CPU has. Rows named
// scratch must have kRowSlack bytes (row_kernels.hpp) to spare behind their last byte.
// Thread safety: reentrant. Nothing is allocated.

/// Products in 1/256: R = luma Y + red V, G = luma Y + green_u U + green_v V, B = luma Y + blue U, all of
/// values less 128.
struct YuvWeights {
  std::int16_t luma, red, green_u, green_v, blue;
};
/// YuvEncoding's definition solved for R, G and B, each weight rounded to the nearest 1/256.
YuvWeights yuv_weights(const YuvEncoding& encoding);

/// Pairs of bytes -> two rows, all `count` long. `pairs` is read up to its last byte only.
///   first, second  scratch
void split_pairs(const std::uint8_t* pairs, std::size_t count, std::uint8_t* first, std::uint8_t* second);

/// Doubles a row of samples. samples[-1] and samples[count] are read, too.
///   samples, target [2 * count]  scratch
void upsample_chroma(const std::uint8_t* samples, std::size_t count, ChromaSite site, std::uint8_t* target);

/// (eighths * nearer + (8 - eighths) * farther + 4) / 8, rounded down; all scratch.
void blend_chroma(const std::uint8_t* nearer, const std::uint8_t* farther, int eighths, std::size_t width,
                  std::uint8_t* target);

/// Pixels B, G, R, 0 with the arithmetic of GStreamer's videoconvert, bit for bit: products in 16 bits, each
/// rounded down, and luma's 16 taken for part of its contrast, so that up to 6 levels are missing from what
/// the encoding says. A model is to see the same picture with and without a videoconvert in front.
/// `luma` is read up to its last pixel only.
///   u, v [width], target [width, 4]  scratch
void yuv_to_bgrx(const std::uint8_t* luma, const std::uint8_t* u, const std::uint8_t* v, std::size_t width,
                 const YuvWeights& weights, std::uint8_t* target);

}  // namespace rcnn::engine
