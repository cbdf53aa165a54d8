// SPDX-License-Identifier: MIT
// Compiled for AVX-512 with BF16 (its own flags; can_run_bf16() says where it may run), with the two headers
// that it alone includes. Nothing of the standard library is called: what the linker kept of it could come
// from here.
#include "engine/ops/winograd/bf16.hpp"

#if defined(__AVX512BF16__) && defined(__AVX512VL__)
#include <immintrin.h>

#include "engine/ops/winograd/bf16_products-inl.hpp"
#include "engine/ops/winograd/bf16_registers-inl.hpp"

namespace rcnn::engine::winograd {
namespace {

/// A tile's place: its first cell in the image, which image.
struct Place {
  std::size_t image, top, left;
};

template <class F>
inline Place place_of(const Bf16Blocking& blocking, std::size_t tile) {
  const auto image_tiles = blocking.tile_rows * blocking.tile_columns;
  const auto in_image = tile % image_tiles;
  return {tile / image_tiles, in_image / blocking.tile_columns * F::kTile,
          in_image % blocking.tile_columns * F::kTile};
}

/// Where the next tile is. Counted up: divisions would be felt where a tile has few channels.
template <class F>
inline Place after(const Bf16Blocking& blocking, Place place) {
  place.left += F::kTile;
  if (place.left < blocking.tile_columns * F::kTile) return place;
  place.left = 0;
  place.top += F::kTile;
  if (place.top < blocking.tile_rows * F::kTile) return place;
  return {place.image + 1, 0, 0};
}

/// Where the cells of a patch lie, and which of its rows and columns lie in the image (a bit each).
template <class S>
struct Cells {
  const typename S::Value* first;
  std::size_t row, cell, group;
  unsigned rows, columns;
};

/// B^T x of 16 channels, column by column. Addresses are counted up: as products of strides GCC would compute
/// all of them first, and keep them in vector registers.
///   kWhole  all cells lie in the image, else zeros are read for those that do not
template <class F, class S, bool kWhole>
__attribute__((always_inline)) inline void transform_columns(const Cells<S>& cells,
                                                             const typename S::Value* from,
                                                             __m512 (&columns)[F::kPatch][F::kPatch]) {
  alignas(64) static constexpr typename S::Value kZeros[kLanes] = {};
#pragma GCC unroll 6
  for (std::size_t x = 0; x < F::kPatch; ++x, from += cells.cell) {
    __m512 in[F::kPatch], out[F::kPatch];
    const auto* cell = from;
#pragma GCC unroll 6
    for (std::size_t y = 0; y < F::kPatch; ++y, cell += cells.row) {
      const bool inside = kWhole || ((cells.columns >> x) & (cells.rows >> y) & 1U) != 0;
      in[y] = S::load(inside ? cell : kZeros);
    }
    F::input(in, out);
#pragma GCC unroll 6
    for (std::size_t y = 0; y < F::kPatch; ++y) columns[y][x] = out[y];
  }
}

/// B^T x B of 32 channels (of 16, and zeros), rounded.
///   patch  of the first point
template <class F, class S, bool kWhole>
inline void transform_patch(const Cells<S>& cells, bool both, std::uint16_t* patch, std::size_t stride) {
  alignas(64) __m512 columns[2][F::kPatch][F::kPatch];
  transform_columns<F, S, kWhole>(cells, cells.first, columns[0]);
  if (both) {
    transform_columns<F, S, kWhole>(cells, cells.first + cells.group, columns[1]);
  } else {
    __builtin_memset(columns[1], 0, sizeof(columns[1]));
  }
#pragma GCC unroll 6
  for (std::size_t y = 0; y < F::kPatch; ++y) {
    __m512 low[F::kPatch], high[F::kPatch];
    F::input(columns[0][y], low);
    F::input(columns[1][y], high);
#pragma GCC unroll 6
    for (std::size_t x = 0; x < F::kPatch; ++x, patch += stride) {
      _mm512_store_si512(patch, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high[x], low[x])));
    }
  }
}

/// The bits of a patch's rows (or columns) that lie in an image of `size`.
template <class F>
inline unsigned bits_inside(std::size_t first, std::size_t size) {
  unsigned bits = 0;
  for (std::size_t i = 0; i < F::kPatch; ++i) {
    const auto at = first + i;  // One more than in the image
    bits |= static_cast<unsigned>(at >= 1 && at <= size) << i;
  }
  return bits;
}

/// Asks for the cells of a patch that the one to its left has not, 32 channels of them: they lie in too many
/// places for the processor to foresee.
///   first  the patch's first cell; need not be in the map
template <class F, class S>
__attribute__((always_inline)) inline void prefetch_patch(const MapStrides& strides, std::size_t channel,
                                                          const typename S::Value* first) {
  constexpr std::size_t kValues = 64 / sizeof(typename S::Value);  // Of a line
  const bool blocks = strides.cell < kValues;  // Two cells to a line, one group of channels
  if (!blocks && channel % kValues != 0) return;
  for (std::size_t group = 0; group < (blocks ? 2 : 1); ++group, first += strides.group) {
#pragma GCC unroll 6
    for (std::size_t y = 0; y < F::kPatch; ++y) {
#pragma GCC unroll 4
      for (std::size_t x = F::kPatch - F::kTile; x < F::kPatch; ++x) {
        if (blocks && x % 2 == 0) continue;
        _mm_prefetch(reinterpret_cast<const char*>(first + y * strides.row + x * strides.cell), _MM_HINT_T0);
      }
    }
  }
}

template <class F, class S>
void transform_input(const Bf16Problem& problem, const Bf16Blocking& blocking, TileRange tiles,
                     const typename S::Value* source, std::uint16_t* patches) {
  const auto& strides = problem.source_strides;
  constexpr unsigned kAll = (1U << F::kPatch) - 1;
  // May lie before the map, where nothing is read.
  const auto first_cell = [&](const Place& place) {
    return source + place.image * strides.image + place.top * strides.row + place.left * strides.cell -
           strides.row - strides.cell;
  };
  auto place = place_of<F>(blocking, tiles.first);
  for (std::size_t i = 0; i < tiles.count; ++i) {
    const auto next = after<F>(blocking, place);
    const auto* next_first = first_cell(next);
    Cells<S> cells{first_cell(place),
                   strides.row,
                   strides.cell,
                   strides.group,
                   bits_inside<F>(place.top, problem.height),
                   bits_inside<F>(place.left, problem.width)};
    const bool whole = (cells.rows & cells.columns) == kAll;
    for (std::size_t channel = 0; channel < blocking.channels; channel += 2 * kLanes) {
      const bool both = channel + kLanes < problem.in_channels;
      auto* patch = patches + i * blocking.channels + channel;
      prefetch_patch<F, S>(strides, channel, next_first + channel / kLanes * strides.group);
      if (whole) {
        transform_patch<F, S, true>(cells, both, patch, blocking.patch_stride);
      } else {
        transform_patch<F, S, false>(cells, both, patch, blocking.patch_stride);
      }
      cells.first += 2 * strides.group;
    }
    place = next;
  }
}

/// What is done to a tile's values before they are the convolution's.
struct Finish {
  __m512 bias, scale, summand_scale;
  bool sum, relu;

  template <class D, class A>
  inline void write(__m512 value, typename D::Value* out) const {
    value = _mm512_fmadd_ps(value, scale, bias);
    if (sum) {
      const auto* held = reinterpret_cast<const typename A::Value*>(out);
      value = _mm512_fmadd_ps(A::load(held), summand_scale, value);
    }
    if (relu) value = _mm512_max_ps(value, _mm512_setzero_ps());
    D::store(out, value);
  }
};

/// One tile, 16 channels.
///   out  the tile's first cell
template <class F, class D, class A>
inline void finish_tile(const float* products, std::size_t stride, const Finish& finish, std::size_t rows,
                        std::size_t columns, std::size_t row_stride, std::size_t cell_stride,
                        typename D::Value* out) {
  __m512 half[F::kTile][F::kPatch];
#pragma GCC unroll 6
  for (std::size_t x = 0; x < F::kPatch; ++x) {
    __m512 in[F::kPatch], transformed[F::kTile];
#pragma GCC unroll 6
    for (std::size_t y = 0; y < F::kPatch; ++y)
      in[y] = _mm512_load_ps(products + (y * F::kPatch + x) * stride);
    F::output(in, transformed);
#pragma GCC unroll 4
    for (std::size_t y = 0; y < F::kTile; ++y) half[y][x] = transformed[y];
  }
  const bool whole = rows == F::kTile && columns == F::kTile;
#pragma GCC unroll 4
  for (std::size_t y = 0; y < F::kTile; ++y) {
    if (y >= rows) break;
    __m512 values[F::kTile];
    F::output(half[y], values);
    auto* row = out + y * row_stride;
#pragma GCC unroll 4
    for (std::size_t x = 0; x < F::kTile; ++x) {
      if (whole || x < columns) finish.template write<D, A>(values[x], row + x * cell_stride);
    }
  }
}

/// Asks for the cells of a tile, 64 channels of them, before they are written.
///   first  the tile's first cell, of the first of these channels; need not be in the map
template <class F, class D>
__attribute__((always_inline)) inline void prefetch_tile(const MapStrides& strides,
                                                         const typename D::Value* first) {
  constexpr std::size_t kValues = 64 / sizeof(typename D::Value);  // Of a line
  const bool blocks = strides.cell < kValues;                      // Two cells to a line
  const auto parts = blocks ? kWidth / kLanes : kWidth / kValues;
  const auto part = blocks ? strides.group : kValues;
  for (std::size_t i = 0; i < parts; ++i, first += part) {
#pragma GCC unroll 4
    for (std::size_t y = 0; y < F::kTile; ++y) {
#pragma GCC unroll 4
      for (std::size_t x = 0; x < F::kTile; ++x) {
        if (blocks && x % 2 == 1) continue;
        _mm_prefetch(reinterpret_cast<const char*>(first + y * strides.row + x * strides.cell), _MM_HINT_T0);
      }
    }
  }
}

template <class F, class D, class A>
void transform_output(const Bf16Problem& problem, const Bf16Blocking& blocking, TileRange tiles,
                      std::size_t panel, const float* products, const float* bias,
                      typename D::Value* destination) {
  const auto& strides = problem.destination_strides;
  const auto first = panel * kWidth;
  const auto end = first + kWidth < problem.out_channels ? first + kWidth : problem.out_channels;
  auto place = place_of<F>(blocking, tiles.first);
  for (std::size_t i = 0; i < tiles.count; ++i) {
    const auto below = problem.height - place.top, right = problem.width - place.left;
    auto* cell =
        destination + place.image * strides.image + place.top * strides.row + place.left * strides.cell;
    const auto next = after<F>(blocking, place);
    prefetch_tile<F, D>(strides, destination + next.image * strides.image + next.top * strides.row +
                                     next.left * strides.cell + first / kLanes * strides.group);
    for (auto channel = first; channel < end; channel += kLanes) {
      const Finish finish{bias == nullptr ? _mm512_setzero_ps() : _mm512_loadu_ps(bias + channel),
                          _mm512_set1_ps(problem.scale), _mm512_set1_ps(problem.summand_scale), problem.sum,
                          problem.relu};
      finish_tile<F, D, A>(products + i * kWidth + channel - first, blocking.product_stride, finish,
                           below < F::kTile ? below : F::kTile, right < F::kTile ? right : F::kTile,
                           strides.row, strides.cell, cell + channel / kLanes * strides.group);
    }
    place = next;
  }
}

template <class F>
void input_of(const Bf16Problem& problem, const Bf16Blocking& blocking, TileRange tiles, const void* source,
              std::uint16_t* patches) {
  switch (problem.source) {
    case Element::kF32:
      return transform_input<F, F32>(problem, blocking, tiles, static_cast<const float*>(source), patches);
    case Element::kBf16:
      return transform_input<F, Bf16>(problem, blocking, tiles, static_cast<const std::uint16_t*>(source),
                                      patches);
    case Element::kU8:
      return transform_input<F, U8>(problem, blocking, tiles, static_cast<const std::uint8_t*>(source),
                                    patches);
    case Element::kS8:
      return transform_input<F, S8>(problem, blocking, tiles, static_cast<const std::int8_t*>(source),
                                    patches);
  }
}

template <class F>
void output_of(const Bf16Problem& problem, const Bf16Blocking& blocking, TileRange tiles, std::size_t panel,
               const float* products, const float* bias, void* destination) {
  const bool from_signed = problem.summand == Element::kS8;
  const auto go = [&]<class D, class A>(D, A) {
    transform_output<F, D, A>(problem, blocking, tiles, panel, products, bias,
                              static_cast<typename D::Value*>(destination));
  };
  switch (problem.destination) {
    case Element::kF32:
      return go(F32{}, F32{});
    case Element::kBf16:
      return go(Bf16{}, Bf16{});
    case Element::kU8:
      return from_signed ? go(U8{}, S8{}) : go(U8{}, U8{});
    case Element::kS8:
      return from_signed ? go(S8{}, S8{}) : go(S8{}, U8{});
  }
}

template <class F>
void run(const Bf16Problem& problem, const Bf16Blocking& blocking, TileRange tiles, const void* source,
         const std::uint16_t* weights, const float* bias, void* destination, void* scratch) {
  auto* products = static_cast<float*>(scratch);
  auto* patches = reinterpret_cast<std::uint16_t*>(products + blocking.points * blocking.product_stride);
  input_of<F>(problem, blocking, tiles, source, patches);
  for (std::size_t panel = 0; panel < blocking.panels; ++panel) {
    const auto* panel_weights = weights + panel * blocking.panel_weights;
    const auto* next = panel + 1 < blocking.panels ? panel_weights + blocking.panel_weights : weights;
    multiply(blocking, tiles.count, patches, panel_weights, next, products);
    output_of<F>(problem, blocking, tiles, panel, products, bias, destination);
  }
}

}  // namespace

bool can_run_bf16() {
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}

void run_bf16(const Bf16Problem& problem, const Bf16Blocking& blocking, std::size_t block, const void* source,
              const std::uint16_t* weights, const float* bias, void* destination, void* scratch) {
  const auto first = block * blocking.block_tiles;
  const auto left = blocking.tiles - first;
  const TileRange tiles{first, left < blocking.block_tiles ? left : blocking.block_tiles};
  if (problem.variant == Variant::kF2x2) {
    return run<F2x2>(problem, blocking, tiles, source, weights, bias, destination, scratch);
  }
  run<F4x4>(problem, blocking, tiles, source, weights, bias, destination, scratch);
}

}  // namespace rcnn::engine::winograd

#else  // A processor, or a compiler, without these instructions

namespace rcnn::engine::winograd {

bool can_run_bf16() { return false; }

void run_bf16(const Bf16Problem&, const Bf16Blocking&, std::size_t, const void*, const std::uint16_t*,
              const float*, void*, void*) {}

}  // namespace rcnn::engine::winograd

#endif
