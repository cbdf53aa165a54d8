// SPDX-License-Identifier: MIT
// For the kernels here alone, within their flags.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace rcnn::engine::pointwise {
namespace {

/// `first`, `first` + `stride`, ...: `count` of them, up to 15 more behind.
inline void write_multiples(std::uint32_t* to, std::size_t count, std::size_t first, std::size_t stride) {
  constexpr std::size_t kAtOnce = 16;
  const auto ordinals = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const auto step = _mm512_set1_epi32(static_cast<std::int32_t>(kAtOnce * stride));
  auto values =
      _mm512_add_epi32(_mm512_set1_epi32(static_cast<std::int32_t>(first)),
                       _mm512_mullo_epi32(ordinals, _mm512_set1_epi32(static_cast<std::int32_t>(stride))));
  for (std::size_t i = 0; i < count; i += kAtOnce, values = _mm512_add_epi32(values, step)) {
    _mm512_storeu_si512(to + i, values);
  }
}

}  // namespace
}  // namespace rcnn::engine::pointwise
