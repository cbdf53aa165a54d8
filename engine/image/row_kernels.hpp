// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/image/axis_filter.hpp"

namespace rcnn::engine {

// The inner loops of a resize, each over one row, with the widest registers this CPU has. Between them pixels
// are four bytes, so that one is a quarter of a register of sums, and the rows of one "stack" lie pixel
// beside pixel, so that one coefficient serves a whole register. Rows named scratch must have kRowSlack bytes
// to spare behind their pixels. Thread safety: reentrant. Nothing is allocated.

/// Bytes that a loop may read or write beyond the last pixel of a scratch row.
inline constexpr std::size_t kRowSlack = 256;

/// Rows of a stack: as many as there are pixels in a register of sums. 1, 2 or 4.
std::size_t stack_rows();

/// Packed pixels of 3 or 4 bytes -> 4 bytes. `source` is read up to its last pixel only.
///   target  [width, 4]  scratch
void widen_pixels(const std::uint8_t* source, std::size_t width, std::size_t pixel_bytes,
                  std::uint8_t* target);

/// stack_rows() rows of [width, 4] -> [width, stack_rows(), 4], all scratch.
void stack_pixels(std::span<const std::uint8_t* const> rows, std::size_t width, std::uint8_t* stack);

/// The reverse.
void unstack_pixels(const std::uint8_t* stack, std::size_t width, std::span<std::uint8_t* const> rows);

/// Horizontal pass over a stack: [source width, rows, 4] -> [target width, rows, 4], both scratch.
void filter_columns(const AxisFilter& filter, const std::uint8_t* source, std::uint8_t* target);

/// [width, 4] -> the first three channels one after the other, each `pitch` bytes from the last; all scratch.
void split_channels(const std::uint8_t* pixels, std::size_t width, std::size_t pitch, std::uint8_t* planes);

/// Vertical pass: bytes of one target row from the same bytes of several source rows; all scratch.
void filter_rows(std::span<const std::uint8_t* const> rows, std::span<const std::int32_t> coefficients,
                 std::size_t bytes, std::uint8_t* target);

/// (value - mean) / deviation in f32. `plane` is scratch; exactly `width` floats are written.
void normalize_plane(const std::uint8_t* plane, std::size_t width, float mean, float deviation,
                     float* target);

/// Three planes of f32 -> pixels of three bf16, the nearest (ties to even); exactly 3 * `width` are written.
void join_bf16(const std::array<const float*, 3>& planes, std::size_t width, std::uint16_t* target);

/// Three planes of f32 -> pixels of three integers of 8 bits: the nearest (ties to even) of value * factor
/// within [least, most]; exactly 3 * `width` bytes are written.
void join_8_bits(const std::array<const float*, 3>& planes, std::size_t width, float factor, float least,
                 float most, std::uint8_t* target);

/// Three scratch planes -> packed pixels of 3 bytes; exactly 3 * `width` bytes are written.
void join_channels(const std::array<const std::uint8_t*, 3>& planes, std::size_t width, std::uint8_t* target);

}  // namespace rcnn::engine
