// SPDX-License-Identifier: MIT
// The products of bf16_kernels.cpp, for it alone, within its flags. Nothing of the standard library is
// called.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "engine/ops/winograd/bf16.hpp"
#include "engine/ops/winograd/bf16_registers-inl.hpp"

namespace rcnn::engine::winograd {
namespace {

constexpr std::size_t kWidth = Bf16Blocking::kPanelWidth;
constexpr std::size_t kPanelTiles = Bf16Blocking::kPanelTiles;
constexpr std::size_t kLine = 64 / sizeof(std::uint16_t);  ///< Of the cache

/// kTiles tiles times 64 output channels, summed over all pairs of input channels.
///   patches   [tile][C]
///   weights   [C / 2][64][2]
///   products  [tile][64]
///   ahead     weights to ask for meanwhile, C / 2 lines
template <std::size_t kTiles>
inline void multiply_panel(std::size_t channels, const std::uint16_t* patches, const std::uint16_t* weights,
                           float* products, const std::uint16_t* ahead) {
  constexpr std::size_t kRegisters = kWidth / kLanes;
  __m512 sums[kTiles][kRegisters];
#pragma GCC unroll 6
  for (std::size_t tile = 0; tile < kTiles; ++tile) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) sums[tile][i] = _mm512_setzero_ps();
  }
  for (std::size_t channel = 0; channel < channels; channel += 2, weights += 2 * kWidth, ahead += kLine) {
    _mm_prefetch(reinterpret_cast<const char*>(ahead), _MM_HINT_T1);
    __m512bh w[kRegisters];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      w[i] = reinterpret_cast<__m512bh>(_mm512_load_si512(weights + i * 2 * kLanes));
    }
#pragma GCC unroll 6
    for (std::size_t tile = 0; tile < kTiles; ++tile) {
      std::int32_t pair;
      __builtin_memcpy(&pair, patches + tile * channels + channel, sizeof(pair));
      const auto value = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRegisters; ++i) {
        sums[tile][i] = _mm512_dpbf16_ps(sums[tile][i], value, w[i]);
      }
    }
  }
#pragma GCC unroll 6
  for (std::size_t tile = 0; tile < kTiles; ++tile) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      _mm512_store_ps(products + tile * kWidth + i * kLanes, sums[tile][i]);
    }
  }
}

inline void multiply_tiles(std::size_t tiles, std::size_t channels, const std::uint16_t* patches,
                           const std::uint16_t* weights, float* products, const std::uint16_t* ahead) {
  switch (tiles) {
    case 1:
      return multiply_panel<1>(channels, patches, weights, products, ahead);
    case 2:
      return multiply_panel<2>(channels, patches, weights, products, ahead);
    case 3:
      return multiply_panel<3>(channels, patches, weights, products, ahead);
    case 4:
      return multiply_panel<4>(channels, patches, weights, products, ahead);
    case 5:
      return multiply_panel<5>(channels, patches, weights, products, ahead);
    default:
      return multiply_panel<6>(channels, patches, weights, products, ahead);
  }
}

/// All points of one panel of output channels. Panels of tiles are as even as can be: one of a single tile
/// would wait for its own sums. The first four ask for a quarter each of the next point's weights, which come
/// from the last-level cache or from memory.
///   next  weights that come after these
void multiply(const Bf16Blocking& blocking, std::size_t tiles, const std::uint16_t* patches,
              const std::uint16_t* weights, const std::uint16_t* next, float* products) {
  const auto tile_panels = (tiles + kPanelTiles - 1) / kPanelTiles;
  const auto fewest = tiles / tile_panels, with_fewest = tile_panels - tiles % tile_panels;
  const auto point_weights = blocking.channels * kWidth;
  for (std::size_t point = 0; point < blocking.points; ++point, weights += point_weights) {
    const auto* panel_patches = patches + point * blocking.patch_stride;
    float* panel_products = products + point * blocking.product_stride;
    const auto* ahead = point + 1 < blocking.points ? weights + point_weights : next;
    for (std::size_t i = 0; i < tile_panels; ++i) {
      const auto panel_tiles = i < with_fewest ? fewest : fewest + 1;
      multiply_tiles(panel_tiles, blocking.channels, panel_patches, weights, panel_products, ahead);
      panel_patches += panel_tiles * blocking.channels;
      panel_products += panel_tiles * kWidth;
      if (i < 3) ahead += point_weights / 4;
    }
  }
}

}  // namespace
}  // namespace rcnn::engine::winograd
