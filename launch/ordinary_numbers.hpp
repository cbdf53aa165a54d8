// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace rcnn::launch {

/// Fills memory with bf16's of -0.3..0.3, which two by two are such numbers of f32 as well, and byte by byte
/// some of 8 bits: whatever a layer reads there, it meets no denormals and no infinities, which would be
/// slow. A last odd byte is left as it is. Thread safety: reentrant.
inline void fill_with_ordinary_numbers(void* memory, std::size_t bytes) {
  auto* values = static_cast<std::uint16_t*>(memory);
  for (std::size_t i = 0; i < bytes / 2; ++i) {
    const float number = static_cast<float>(i % 61) * 0.01F - 0.3F;
    values[i] = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(number) >> 16);
  }
}

}  // namespace rcnn::launch
