// SPDX-License-Identifier: MIT
// The only file that is compiled for AVX-512 with BF16 (its own flags; can_run_bf16() says where it may run).
// Nothing of the standard library is called: what the linker kept of it could come from here.
#include "engine/ops/winograd/bf16.hpp"
#include "engine/ops/winograd/points.hpp"

#if defined(__AVX512BF16__) && defined(__AVX512VL__)
#include <immintrin.h>

namespace rcnn::engine::winograd {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kWidth = Bf16Blocking::kPanelWidth;
constexpr std::size_t kPanelTiles = Bf16Blocking::kPanelTiles;
constexpr std::size_t kLine = 64 / sizeof(std::uint16_t);  ///< Of the cache

inline __m512 set(double value) { return _mm512_set1_ps(static_cast<float>(value)); }

/// The one-dimensional transforms; rows of B^T are the coefficients of prod (x - q) over the other points q.
struct F4x4 {
  static constexpr std::size_t kTile = 4;
  static constexpr std::size_t kPatch = 6;

  static inline void input(const __m512* x, __m512* y) {
    const __m512 a = set(kA), b = set(kB), aa = set(kA * kA), bb = set(kB * kB);
    const __m512 sum = set(kA * kA + kB * kB), product = set(kA * kA * kB * kB);
    y[0] = _mm512_fnmadd_ps(sum, x[2], _mm512_fmadd_ps(product, x[0], x[4]));
    const __m512 even_a = _mm512_fnmadd_ps(bb, x[2], x[4]);
    const __m512 odd_a = _mm512_fnmadd_ps(bb, x[1], x[3]);
    y[1] = _mm512_fmadd_ps(a, odd_a, even_a);
    y[2] = _mm512_fnmadd_ps(a, odd_a, even_a);
    const __m512 even_b = _mm512_fnmadd_ps(aa, x[2], x[4]);
    const __m512 odd_b = _mm512_fnmadd_ps(aa, x[1], x[3]);
    y[3] = _mm512_fmadd_ps(b, odd_b, even_b);
    y[4] = _mm512_fnmadd_ps(b, odd_b, even_b);
    y[5] = _mm512_fnmadd_ps(sum, x[3], _mm512_fmadd_ps(product, x[1], x[5]));
  }

  /// Row i of A^T holds the points to the power i; infinity counts in the last row alone.
  static inline void output(const __m512* x, __m512* y) {
    const __m512 even_a = _mm512_add_ps(x[1], x[2]), odd_a = _mm512_sub_ps(x[1], x[2]);
    const __m512 even_b = _mm512_add_ps(x[3], x[4]), odd_b = _mm512_sub_ps(x[3], x[4]);
    y[0] = _mm512_add_ps(x[0], _mm512_add_ps(even_a, even_b));
    y[1] = _mm512_fmadd_ps(set(kA), odd_a, _mm512_mul_ps(set(kB), odd_b));
    y[2] = _mm512_fmadd_ps(set(kA * kA), even_a, _mm512_mul_ps(set(kB * kB), even_b));
    y[3] = _mm512_fmadd_ps(set(kA * kA * kA), odd_a, _mm512_fmadd_ps(set(kB * kB * kB), odd_b, x[5]));
  }
};

struct F2x2 {
  static constexpr std::size_t kTile = 2;
  static constexpr std::size_t kPatch = 4;

  static inline void input(const __m512* x, __m512* y) {
    y[0] = _mm512_sub_ps(x[2], x[0]);
    y[1] = _mm512_add_ps(x[2], x[1]);
    y[2] = _mm512_sub_ps(x[2], x[1]);
    y[3] = _mm512_sub_ps(x[3], x[1]);
  }

  static inline void output(const __m512* x, __m512* y) {
    y[0] = _mm512_add_ps(x[0], _mm512_add_ps(x[1], x[2]));
    y[1] = _mm512_add_ps(x[3], _mm512_sub_ps(x[1], x[2]));
  }
};

/// Elements as they lie in memory, 16 at a time.
struct F32 {
  using Value = float;
  static inline __m512 load(const Value* from) { return _mm512_loadu_ps(from); }
  static inline void store(Value* to, __m512 value) { _mm512_storeu_ps(to, value); }
};

struct Bf16 {
  using Value = std::uint16_t;
  static inline __m512 load(const Value* from) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  static inline void store(Value* to, __m512 value) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(value)));
  }
};

struct U8 {
  using Value = std::uint8_t;
  static inline __m512 load(const Value* from) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  }
  static inline void store(Value* to, __m512 value) {
    const __m512i integers = _mm512_max_epi32(_mm512_cvtps_epi32(value), _mm512_setzero_si512());
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtusepi32_epi8(integers));
  }
};

struct S8 {
  using Value = std::int8_t;
  static inline __m512 load(const Value* from) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  }
  static inline void store(Value* to, __m512 value) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(value)));
  }
};

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

/// Where the cells of a patch lie.
template <class S>
struct Cells {
  const typename S::Value* first;
  std::size_t row, cell, group;
};

/// B^T x B of 32 channels (of 16, and zeros), rounded.
///   patch  of the first point
template <class F, class S>
inline void transform_patch(const Cells<S>& cells, bool whole, std::uint16_t* patch, std::size_t stride) {
  alignas(64) __m512 columns[2][F::kPatch][F::kPatch];
  for (std::size_t half = 0; half < 2; ++half) {
    if (half == 1 && !whole) break;
    const auto* from = cells.first + half * cells.group;
#pragma GCC unroll 6
    for (std::size_t x = 0; x < F::kPatch; ++x) {
      __m512 in[F::kPatch], out[F::kPatch];
#pragma GCC unroll 6
      for (std::size_t y = 0; y < F::kPatch; ++y) in[y] = S::load(from + y * cells.row + x * cells.cell);
      F::input(in, out);
#pragma GCC unroll 6
      for (std::size_t y = 0; y < F::kPatch; ++y) columns[half][y][x] = out[y];
    }
  }
#pragma GCC unroll 6
  for (std::size_t y = 0; y < F::kPatch; ++y) {
    __m512 low[F::kPatch], high[F::kPatch];
    F::input(columns[0][y], low);
    if (whole) {
      F::input(columns[1][y], high);
    } else {
      for (auto& value : high) value = _mm512_setzero_ps();
    }
#pragma GCC unroll 6
    for (std::size_t x = 0; x < F::kPatch; ++x) {
      _mm512_store_si512(patch + (y * F::kPatch + x) * stride,
                         reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high[x], low[x])));
    }
  }
}

/// Copies the cells of a patch that lie in the image between zeros: [kPatch][kPatch][channels].
template <class F, class S>
__attribute__((noinline)) void copy_border(const Bf16Problem& problem, const typename S::Value* image,
                                           const Place& place, std::size_t channel, std::size_t channels,
                                           typename S::Value* to) {
  const auto& strides = problem.source_strides;
  const auto* first = image + channel / kLanes * strides.group;
  constexpr std::size_t kBytes = kLanes * sizeof(typename S::Value);
  for (std::size_t y = 0; y < F::kPatch; ++y) {
    for (std::size_t x = 0; x < F::kPatch; ++x) {
      const auto row = place.top + y, column = place.left + x;  // One more than in the image
      const bool inside = row >= 1 && row <= problem.height && column >= 1 && column <= problem.width;
      const auto* cell = first + (row - 1) * strides.row + (column - 1) * strides.cell;
      for (std::size_t i = 0; i < channels; i += kLanes, to += kLanes, cell += strides.group) {
        if (inside) {
          __builtin_memcpy(to, cell, kBytes);
        } else {
          __builtin_memset(to, 0, kBytes);
        }
      }
    }
  }
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
  for (std::size_t i = 0; i < tiles.count; ++i) {
    const auto place = place_of<F>(blocking, tiles.first + i);
    const auto* image = source + place.image * strides.image;
    const auto next = place_of<F>(blocking, tiles.first + i + 1);
    // From a cell before the image, perhaps: what is asked for need not be there.
    const auto* next_patch = source + next.image * strides.image + next.top * strides.row +
                             next.left * strides.cell - strides.row - strides.cell;
    const bool inner = place.top >= 1 && place.left >= 1 && place.top + F::kTile < problem.height &&
                       place.left + F::kTile < problem.width;
    for (std::size_t channel = 0; channel < blocking.channels; channel += 2 * kLanes) {
      const bool whole = channel + kLanes < problem.in_channels;
      auto* patch = patches + i * blocking.channels + channel;
      prefetch_patch<F, S>(strides, channel, next_patch + channel / kLanes * strides.group);
      if (inner) {
        const auto* first = image + channel / kLanes * strides.group + (place.top - 1) * strides.row +
                            (place.left - 1) * strides.cell;
        transform_patch<F, S>({first, strides.row, strides.cell, strides.group}, whole, patch,
                              blocking.patch_stride);
      } else {
        const std::size_t channels = whole ? 2 * kLanes : kLanes;
        alignas(64) typename S::Value border[F::kPatch * F::kPatch * 2 * kLanes];
        copy_border<F, S>(problem, image, place, channel, channels, border);
        transform_patch<F, S>({border, F::kPatch * channels, channels, kLanes}, whole, patch,
                              blocking.patch_stride);
      }
    }
  }
}

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
  const auto point_weights = blocking.channels * kWidth;
  for (std::size_t point = 0; point < blocking.points; ++point, weights += point_weights) {
    const auto* point_patches = patches + point * blocking.patch_stride;
    float* point_products = products + point * blocking.product_stride;
    const auto* ahead = point + 1 < blocking.points ? weights + point_weights : next;
    for (std::size_t i = 0; i < tile_panels; ++i) {
      const auto first = tiles * i / tile_panels, end = tiles * (i + 1) / tile_panels;
      multiply_tiles(end - first, blocking.channels, point_patches + first * blocking.channels, weights,
                     point_products + first * kWidth, ahead + (i < 4 ? i : 0) * point_weights / 4);
    }
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
  for (std::size_t i = 0; i < tiles.count; ++i) {
    const auto place = place_of<F>(blocking, tiles.first + i);
    const auto below = problem.height - place.top, right = problem.width - place.left;
    auto* cell =
        destination + place.image * strides.image + place.top * strides.row + place.left * strides.cell;
    const auto next = place_of<F>(blocking, tiles.first + i + 1);
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
