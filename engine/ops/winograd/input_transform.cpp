// SPDX-License-Identifier: MIT
#include <algorithm>

#include "engine/ops/winograd/kernels.hpp"
#include "engine/simd/instruction_sets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/winograd/input_transform.cpp"
#include <hwy/foreach_target.h>  // Compiles this file once per instruction set.
#include <hwy/highway.h>

#include "engine/ops/winograd/transforms-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::winograd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Six by six (four by four) cells of one register of channels.
template <class F, class D>
HWY_INLINE void transform_patch(D d, const float* HWY_RESTRICT cells, std::size_t row_stride,
                                std::size_t cell_stride, float* HWY_RESTRICT patch,
                                std::size_t point_stride) {
  HWY_ALIGN float columns[F::kPatch * F::kPatch * hn::MaxLanes(D())];
  const std::size_t lanes = hn::Lanes(d);
#pragma GCC unroll 6
  for (std::size_t x = 0; x < F::kPatch; ++x) {
    F::transform_input(d, cells + x * cell_stride, row_stride, columns + x * lanes, F::kPatch * lanes);
  }
#pragma GCC unroll 6
  for (std::size_t y = 0; y < F::kPatch; ++y) {
    F::transform_input(d, columns + y * F::kPatch * lanes, lanes, patch + y * F::kPatch * point_stride,
                       point_stride);
  }
}

/// One channel block of one image.
struct Plane {
  const float* cells;  ///< [H][W][block]
  std::size_t height;
  std::size_t width;
};

/// Copies the cells of a patch that lie in the image between zeros. The patch begins one row above and one
/// cell left of (top, left).
template <class F, std::size_t kBlock, class D>
HWY_NOINLINE void copy_border_patch(D d, const Plane& plane, std::size_t top, std::size_t left,
                                    float* cells) {
  for (std::size_t y = 0; y < F::kPatch; ++y) {
    for (std::size_t x = 0; x < F::kPatch; ++x, cells += kBlock) {
      const bool inside = top + y >= 1 && top + y <= plane.height && left + x >= 1 && left + x <= plane.width;
      for (std::size_t lane = 0; lane < kBlock; lane += hn::Lanes(d)) {
        const auto value =
            inside ? hn::LoadU(d, plane.cells + ((top + y - 1) * plane.width + left + x - 1) * kBlock + lane)
                   : hn::Zero(d);
        hn::StoreU(value, d, cells + lane);
      }
    }
  }
}

template <class F, std::size_t kBlock, class D>
HWY_INLINE void transform_tile(D d, const Plane& plane, std::size_t top, std::size_t left, float* patch,
                               std::size_t point_stride) {
  HWY_ALIGN float border[F::kPatch * F::kPatch * kBlock];
  const float* cells = border;
  std::size_t row_stride = F::kPatch * kBlock;
  if (top >= 1 && left >= 1 && top + F::kTile < plane.height && left + F::kTile < plane.width) {
    cells = plane.cells + ((top - 1) * plane.width + left - 1) * kBlock;
    row_stride = plane.width * kBlock;
  } else {
    copy_border_patch<F, kBlock>(d, plane, top, left, border);
  }
  for (std::size_t lane = 0; lane < kBlock; lane += hn::Lanes(d)) {
    transform_patch<F>(d, cells + lane, row_stride, kBlock, patch + lane, point_stride);
  }
}

template <class F, std::size_t kBlock>
void transform_tiles(const Problem& problem, const Blocking& blocking, TileRange tiles, const float* source,
                     float* patches) {
  const hn::CappedTag<float, kBlock> d;
  const auto channel_blocks = problem.in_channels / kBlock;
  const auto plane_floats = problem.height * problem.width * kBlock;
  const auto image_tiles = blocking.tile_rows * blocking.tile_columns;
  for (std::size_t group = 0; group < channel_blocks; ++group) {
    for (std::size_t i = 0; i < tiles.count; ++i) {
      const auto image = (tiles.first + i) / image_tiles;
      const auto tile = (tiles.first + i) % image_tiles;
      const Plane plane{source + (image * channel_blocks + group) * plane_floats, problem.height,
                        problem.width};
      const auto panel = i / Blocking::kPanelTiles * channel_blocks + group;
      float* patch = patches + (panel * Blocking::kPanelTiles + i % Blocking::kPanelTiles) * kBlock;
      transform_tile<F, kBlock>(d, plane, tile / blocking.tile_columns * F::kTile,
                                tile % blocking.tile_columns * F::kTile, patch, blocking.patch_stride);
    }
  }
}

void transform_input(const Problem& problem, const Blocking& blocking, TileRange tiles, const float* source,
                     float* patches) {
  const bool small = problem.variant == Variant::kF2x2;
  if (problem.block == 16) {
    if (small) return transform_tiles<F2x2, 16>(problem, blocking, tiles, source, patches);
    return transform_tiles<F4x4, 16>(problem, blocking, tiles, source, patches);
  }
  if (small) return transform_tiles<F2x2, 8>(problem, blocking, tiles, source, patches);
  transform_tiles<F4x4, 8>(problem, blocking, tiles, source, patches);
}

}  // namespace rcnn::engine::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rcnn::engine::winograd {
namespace {
HWY_EXPORT(transform_input);
}  // namespace

void transform_input(const Problem& problem, const Blocking& blocking, TileRange tiles, const float* source,
                     float* patches) {
  HWY_DYNAMIC_DISPATCH(transform_input)(problem, blocking, tiles, source, patches);
}

}  // namespace rcnn::engine::winograd
#endif  // HWY_ONCE
