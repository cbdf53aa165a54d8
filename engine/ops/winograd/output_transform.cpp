// SPDX-License-Identifier: MIT
#include <algorithm>

#include "engine/ops/winograd/kernels.hpp"
#include "engine/simd/instruction_sets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/winograd/output_transform.cpp"
#include <hwy/foreach_target.h>  // Compiles this file once per instruction set.
#include <hwy/highway.h>

#include "engine/ops/winograd/transforms-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::winograd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Stores what a transform gives, `stride` floats apart.
struct Buffer {
  float* out;
  std::size_t stride;

  template <class D>
  HWY_INLINE void put(D d, std::size_t index, hn::Vec<D> value) const {
    hn::StoreU(value, d, out + index * stride);
  }
};

/// What is added to a tile's values before they become the convolution's.
struct Finish {
  const float* bias;  ///< One register of channels
  bool sum;
  bool relu;

  template <class D>
  HWY_INLINE void write(D d, hn::Vec<D> value, float* out) const {
    value = hn::Add(value, hn::LoadU(d, bias));
    if (sum) value = hn::Add(value, hn::LoadU(d, out));
    if (relu) value = hn::Max(value, hn::Zero(d));
    hn::StoreU(value, d, out);
  }
};

/// One row of a tile that lies in the image whole.
struct Row {
  Finish finish;
  float* out;
  std::size_t stride;

  template <class D>
  HWY_INLINE void put(D d, std::size_t index, hn::Vec<D> value) const {
    finish.write(d, value, out + index * stride);
  }
};

/// The part of the image that a tile covers.
struct Window {
  float* cells;  ///< The tile's first cell
  std::size_t row_stride;
  std::size_t cell_stride;
  std::size_t rows;
  std::size_t columns;
};

template <class F, class D>
HWY_INLINE void transform_tile(D d, const float* HWY_RESTRICT products, std::size_t point_stride,
                               const Finish& finish, const Window& window) {
  HWY_ALIGN float columns[F::kTile * F::kPatch * hn::MaxLanes(D())];
  const std::size_t lanes = hn::Lanes(d);
#pragma GCC unroll 6
  for (std::size_t x = 0; x < F::kPatch; ++x) {
    F::transform_output(d, products + x * point_stride, F::kPatch * point_stride,
                        Buffer{columns + x * lanes, F::kPatch * lanes});
  }
  if (HWY_LIKELY(window.columns == F::kTile && window.rows == F::kTile)) {
#pragma GCC unroll 4
    for (std::size_t y = 0; y < F::kTile; ++y) {
      F::transform_output(d, columns + y * F::kPatch * lanes, lanes,
                          Row{finish, window.cells + y * window.row_stride, window.cell_stride});
    }
    return;
  }
  HWY_ALIGN float row[F::kTile * hn::MaxLanes(D())];
  for (std::size_t y = 0; y < window.rows; ++y) {
    F::transform_output(d, columns + y * F::kPatch * lanes, lanes, Buffer{row, lanes});
    for (std::size_t x = 0; x < window.columns; ++x) {
      finish.write(d, hn::LoadU(d, row + x * lanes),
                   window.cells + y * window.row_stride + x * window.cell_stride);
    }
  }
}

template <class F, std::size_t kBlock>
void transform_tiles(const Problem& problem, const Blocking& blocking, TileRange tiles, const float* products,
                     const float* bias, float* destination) {
  const hn::CappedTag<float, kBlock> d;
  constexpr float kNoBias[kBlock] = {};
  const auto image_tiles = blocking.tile_rows * blocking.tile_columns;
  const auto channel_blocks = problem.out_channels / kBlock;
  for (std::size_t group = 0; group < channel_blocks; ++group) {
    const float* group_products =
        products + group / 2 * blocking.block_tiles * blocking.panel_width + group % 2 * kBlock;
    for (std::size_t i = 0; i < tiles.count; ++i) {
      const auto image = (tiles.first + i) / image_tiles;
      const auto top = (tiles.first + i) % image_tiles / blocking.tile_columns * F::kTile;
      const auto left = (tiles.first + i) % image_tiles % blocking.tile_columns * F::kTile;
      const auto plane = (image * channel_blocks + group) * problem.height;
      const Window window{destination + ((plane + top) * problem.width + left) * kBlock,
                          problem.width * kBlock, kBlock, std::min(F::kTile, problem.height - top),
                          std::min(F::kTile, problem.width - left)};
      for (std::size_t lane = 0; lane < kBlock; lane += hn::Lanes(d)) {
        const Finish finish{(bias == nullptr ? kNoBias : bias + group * kBlock) + lane, problem.sum,
                            problem.relu};
        auto part = window;
        part.cells += lane;
        transform_tile<F>(d, group_products + i * blocking.panel_width + lane, blocking.product_stride,
                          finish, part);
      }
    }
  }
}

void transform_output(const Problem& problem, const Blocking& blocking, TileRange tiles,
                      const float* products, const float* bias, float* destination) {
  const bool small = problem.variant == Variant::kF2x2;
  if (problem.block == 16) {
    if (small) return transform_tiles<F2x2, 16>(problem, blocking, tiles, products, bias, destination);
    return transform_tiles<F4x4, 16>(problem, blocking, tiles, products, bias, destination);
  }
  if (small) return transform_tiles<F2x2, 8>(problem, blocking, tiles, products, bias, destination);
  transform_tiles<F4x4, 8>(problem, blocking, tiles, products, bias, destination);
}

}  // namespace rcnn::engine::winograd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rcnn::engine::winograd {
namespace {
HWY_EXPORT(transform_output);
}  // namespace

void transform_output(const Problem& problem, const Blocking& blocking, TileRange tiles,
                      const float* products, const float* bias, float* destination) {
  HWY_DYNAMIC_DISPATCH(transform_output)(problem, blocking, tiles, products, bias, destination);
}

}  // namespace rcnn::engine::winograd
#endif  // HWY_ONCE
