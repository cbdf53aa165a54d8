// SPDX-License-Identifier: MIT
// Compiled for AVX-512 with BF16 (its own flags; can_run_bf16() says where it may run). Nothing of the
// standard library is called: what the linker kept of it could come from here.
#include "engine/ops/pointwise/bf16.hpp"

#if defined(__AVX512BF16__) && defined(__AVX512VL__)
#include <immintrin.h>

namespace rcnn::engine::pointwise {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kRegisters = Bf16Blocking::kPanelWidth / kLanes;
constexpr std::size_t kCells = Bf16Blocking::kPanelCells;

/// Up to six cells, up to four groups of 16 output channels.
struct Tile {
  const std::uint16_t* source[kCells];  ///< Where there are fewer cells, the last again
  std::uint16_t* destination[kCells];
  std::size_t cells;
  std::size_t groups;  ///< Of output channels
  const std::uint16_t* weights;
  const float* bias;  ///< Of the first channel, or null
};

inline __m512 widened(const std::uint16_t* from) {
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

inline void finish(const Bf16Problem& problem, const Tile& tile, const __m512* sums, std::uint16_t* out) {
#pragma GCC unroll 4
  for (std::size_t i = 0; i < kRegisters; ++i) {
    if (i >= tile.groups) return;
    __m512 value = sums[i];
    if (tile.bias != nullptr) value = _mm512_add_ps(value, _mm512_loadu_ps(tile.bias + i * kLanes));
    auto* to = out + i * problem.destination.group;
    if (problem.sum) value = _mm512_add_ps(value, widened(to));
    if (problem.relu) value = _mm512_max_ps(value, _mm512_setzero_ps());
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(value)));
  }
}

/// \param kFirst  the first panel of output channels: what comes next is not in a cache yet, and lies in too
/// many
///                 places for the processor to foresee
template <bool kFirst>
inline void run_tile(const Bf16Problem& problem, const Tile& tile) {
  const auto ahead = 2 * kCells * problem.source.cell;
  __m512 sums[kCells][kRegisters];
#pragma GCC unroll 6
  for (std::size_t cell = 0; cell < kCells; ++cell) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      sums[cell][i] = _mm512_setzero_ps();
      // What is written, and perhaps read before, comes while products are computed.
      if (i < tile.groups) {
        _mm_prefetch(reinterpret_cast<const char*>(tile.destination[cell] + i * problem.destination.group),
                     _MM_HINT_T0);
      }
    }
  }
  const auto* weights = tile.weights;
  for (std::size_t group = 0, offset = 0; group < problem.in_channels;
       group += kLanes, offset += problem.source.group) {
    if constexpr (kFirst) {
#pragma GCC unroll 6
      for (std::size_t cell = 0; cell < kCells; ++cell) {
        if (cell % 2 == 1 && problem.source.cell == kLanes) continue;  // Two to a line
        _mm_prefetch(reinterpret_cast<const char*>(tile.source[cell] + offset + ahead), _MM_HINT_T0);
      }
    }
#pragma GCC unroll 2
    for (std::size_t pair = 0; pair < kLanes; pair += 2, weights += 2 * Bf16Blocking::kPanelWidth) {
      __m512bh w[kRegisters];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRegisters; ++i) {
        w[i] = reinterpret_cast<__m512bh>(_mm512_load_si512(weights + i * 2 * kLanes));
      }
#pragma GCC unroll 6
      for (std::size_t cell = 0; cell < kCells; ++cell) {
        std::int32_t two;
        __builtin_memcpy(&two, tile.source[cell] + offset + pair, sizeof(two));
        const auto value = reinterpret_cast<__m512bh>(_mm512_set1_epi32(two));
#pragma GCC unroll 4
        for (std::size_t i = 0; i < kRegisters; ++i) {
          sums[cell][i] = _mm512_dpbf16_ps(sums[cell][i], value, w[i]);
        }
      }
    }
  }
#pragma GCC unroll 6
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    if (cell < tile.cells) finish(problem, tile, sums[cell], tile.destination[cell]);
  }
}

/// Goes through the cells of an image in their order.
struct Cursor {
  std::size_t row, column, columns;

  Cursor(const Bf16Problem& problem, std::size_t cell)
      : row(cell / problem.columns), column(cell % problem.columns), columns(problem.columns) {}
  inline std::size_t at(const MapStrides& map) const { return row * map.row + column * map.cell; }
  inline void advance() {
    if (++column < columns) return;
    column = 0;
    ++row;
  }
};

}  // namespace

bool can_run_bf16() {
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}

void run_bf16(const Bf16Problem& problem, const Bf16Blocking& blocking, std::size_t block,
              const std::uint16_t* source, const std::uint16_t* weights, const float* bias,
              std::uint16_t* destination) {
  const auto image = block / blocking.image_blocks;
  const auto first = block % blocking.image_blocks * blocking.block_cells;
  const auto left = problem.rows * problem.columns - first;
  const auto end = first + (left < blocking.block_cells ? left : blocking.block_cells);
  source += image * problem.source.image;
  destination += image * problem.destination.image;
  Tile tile{};
  for (std::size_t panel = 0; panel < blocking.panels; ++panel) {
    const auto channel = panel * Bf16Blocking::kPanelWidth;
    const auto groups = (problem.out_channels - channel) / kLanes;
    tile.groups = groups < kRegisters ? groups : kRegisters;
    tile.weights = weights + panel * blocking.panel_weights;
    tile.bias = bias == nullptr ? nullptr : bias + channel;
    auto* out = destination + channel / kLanes * problem.destination.group;
    Cursor cursor(problem, first);
    for (auto cell = first; cell < end; cell += kCells) {
      tile.cells = end - cell < kCells ? end - cell : kCells;
      for (std::size_t i = 0; i < kCells; ++i) {
        tile.source[i] = source + cursor.at(problem.source);
        tile.destination[i] = out + cursor.at(problem.destination);
        if (i + 1 < tile.cells || tile.cells == kCells) cursor.advance();
      }
      if (panel == 0) {
        run_tile<true>(problem, tile);
      } else {
        run_tile<false>(problem, tile);
      }
    }
  }
}

}  // namespace rcnn::engine::pointwise

#else  // A processor, or a compiler, without these instructions

namespace rcnn::engine::pointwise {

bool can_run_bf16() { return false; }

void run_bf16(const Bf16Problem&, const Bf16Blocking&, std::size_t, const std::uint16_t*,
              const std::uint16_t*, const float*, std::uint16_t*) {}

}  // namespace rcnn::engine::pointwise

#endif
