// SPDX-License-Identifier: MIT
#include <algorithm>

#include "engine/ops/winograd/kernels.hpp"
#include "engine/simd/instruction_sets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/winograd/products.cpp"
#include <hwy/foreach_target.h>  // Compiles this file once per instruction set.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::winograd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kPanelTiles = Blocking::kPanelTiles;

/// kTiles tiles times two registers of output channels, summed over all input channels.
///   patches   [C / block][kPanelTiles][block]
///   weights   [C][width], the two registers' channels
///   products  [kTiles][width]
template <std::size_t kTiles, class D>
HWY_INLINE void multiply_panel(D d, std::size_t channel_blocks, std::size_t block, std::size_t width,
                               const float* HWY_RESTRICT patches, const float* HWY_RESTRICT weights,
                               float* HWY_RESTRICT products) {
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<D> low[kTiles], high[kTiles];
#pragma GCC unroll 6
  for (std::size_t tile = 0; tile < kTiles; ++tile) low[tile] = high[tile] = hn::Zero(d);
  for (std::size_t group = 0; group < channel_blocks; ++group, patches += kPanelTiles * block) {
#pragma GCC unroll 8
    for (std::size_t channel = 0; channel < block; ++channel, weights += width) {
      const auto first = hn::LoadU(d, weights);
      const auto second = hn::LoadU(d, weights + lanes);
#pragma GCC unroll 6
      for (std::size_t tile = 0; tile < kTiles; ++tile) {
        const auto value = hn::Set(d, patches[tile * block + channel]);
        low[tile] = hn::MulAdd(value, first, low[tile]);
        high[tile] = hn::MulAdd(value, second, high[tile]);
      }
    }
  }
#pragma GCC unroll 6
  for (std::size_t tile = 0; tile < kTiles; ++tile) {
    hn::StoreU(low[tile], d, products + tile * width);
    hn::StoreU(high[tile], d, products + tile * width + lanes);
  }
}

template <class D>
void multiply_tiles(D d, std::size_t tiles, std::size_t channel_blocks, std::size_t block, std::size_t width,
                    const float* patches, const float* weights, float* products) {
  switch (tiles) {
    case 1:
      return multiply_panel<1>(d, channel_blocks, block, width, patches, weights, products);
    case 2:
      return multiply_panel<2>(d, channel_blocks, block, width, patches, weights, products);
    case 3:
      return multiply_panel<3>(d, channel_blocks, block, width, patches, weights, products);
    case 4:
      return multiply_panel<4>(d, channel_blocks, block, width, patches, weights, products);
    case 5:
      return multiply_panel<5>(d, channel_blocks, block, width, patches, weights, products);
    default:
      return multiply_panel<6>(d, channel_blocks, block, width, patches, weights, products);
  }
}

/// Asks for one share of the next panel's weights, which come from the last-level cache or from memory. A
/// share before every panel of tiles spreads that traffic over the products: a tenth faster from 128 channels
/// on.
inline void prefetch_share(const float* next, std::size_t floats, std::size_t share, std::size_t shares) {
  constexpr std::size_t kLine = 16;
  constexpr int kRead = 0, kSecondLevel = 2;
  const auto lines = floats / kLine;
  for (auto line = lines * share / shares; line < lines * (share + 1) / shares; ++line) {
    __builtin_prefetch(next + line * kLine, kRead, kSecondLevel);
  }
}

template <std::size_t kBlock>
void multiply_points(const Problem& problem, const Blocking& blocking, std::size_t tiles,
                     const float* patches, const float* weights, float* products) {
  const hn::CappedTag<float, kBlock> d;
  constexpr std::size_t kWidth = 2 * kBlock;
  const auto channel_blocks = problem.in_channels / kBlock;
  const auto tile_panels = (tiles + kPanelTiles - 1) / kPanelTiles;
  const auto panel_floats = problem.in_channels * kWidth;
  for (std::size_t i = 0; i < blocking.points * blocking.panels; ++i, weights += panel_floats) {
    const auto point = i / blocking.panels;
    const auto panel = i % blocking.panels;
    const bool last = i + 1 == blocking.points * blocking.panels;
    const float* panel_patches = patches + point * blocking.patch_stride;
    float* panel_products =
        products + point * blocking.product_stride + panel * blocking.block_tiles * kWidth;
    for (std::size_t t = 0; t < tile_panels; ++t, panel_patches += problem.in_channels * kPanelTiles) {
      if (!last) prefetch_share(weights + panel_floats, panel_floats, t, tile_panels);
      for (std::size_t channel = 0; channel < kWidth; channel += 2 * hn::Lanes(d)) {
        multiply_tiles(d, std::min(kPanelTiles, tiles - t * kPanelTiles), channel_blocks, kBlock, kWidth,
                       panel_patches, weights + channel, panel_products + t * kPanelTiles * kWidth + channel);
      }
    }
  }
}

void multiply(const Problem& problem, const Blocking& blocking, std::size_t tiles, const float* patches,
              const float* weights, float* products) {
  if (problem.block == 16) return multiply_points<16>(problem, blocking, tiles, patches, weights, products);
  multiply_points<8>(problem, blocking, tiles, patches, weights, products);
}

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace rcnn::engine::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rcnn::engine::winograd {
namespace {
HWY_EXPORT(multiply);
HWY_EXPORT(target_name);
}  // namespace

void multiply(const Problem& problem, const Blocking& blocking, std::size_t tiles, const float* patches,
              const float* weights, float* products) {
  HWY_DYNAMIC_DISPATCH(multiply)(problem, blocking, tiles, patches, weights, products);
}

std::string instruction_set() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

}  // namespace rcnn::engine::winograd
#endif  // HWY_ONCE
