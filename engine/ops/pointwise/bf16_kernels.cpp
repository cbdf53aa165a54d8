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
constexpr std::size_t kLine = 64 / sizeof(std::uint16_t);  ///< Of the cache

constexpr float kZeros[Bf16Blocking::kPanelWidth] = {};

/// Up to six cells, up to four groups of 16 output channels, some or all of the input channels.
struct Tile {
  const std::uint16_t* source[kCells];  ///< Where there are fewer cells, the last again
  std::uint16_t* destination[kCells];
  const std::uint16_t* next[kCells];  ///< Destinations of the tile after this one
  std::size_t cells;
  std::size_t groups;  ///< Of output channels
  const std::uint16_t* weights;
  const std::uint16_t* next_weights;  ///< This tile's part of what comes after these
  const float* bias;                  ///< Of the first channel
  float floor;                        ///< What is less becomes this
  bool blocks;                        ///< Results of neighbouring cells lie side by side, else of groups
  float* sums;  ///< [kCells][kPanelWidth] of the channels before, then with these; null if there are all
};

/// Which input channels of a block are multiplied now.
struct Depth {
  std::size_t first, channels;
  bool begins, ends;  ///< Whether sums start at zero, whether they are complete then
};

inline __m512 widened(const std::uint16_t* from) {
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

/// Bias, sum and ReLU of 16 sums.
template <bool kSum>
inline __m512 finished(const Tile& tile, __m512 sums, std::size_t i, const std::uint16_t* held) {
  __m512 value = _mm512_add_ps(sums, _mm512_loadu_ps(tile.bias + i * kLanes));
  if constexpr (kSum) value = _mm512_add_ps(value, widened(held));
  return _mm512_max_ps(_mm512_set1_ps(tile.floor), value);
}

/// One cell.
template <bool kSum>
inline void finish(const Bf16Problem& problem, const Tile& tile, const __m512* sums, std::uint16_t* out) {
#pragma GCC unroll 4
  for (std::size_t i = 0; i < kRegisters; ++i) {
    if (i >= tile.groups) return;
    auto* to = out + i * problem.destination.group;
    const auto value = finished<kSum>(tile, sums[i], i, to);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(value)));
  }
}

/// Whether finish_pairs() can: a whole tile, and no two cells that it takes together in different rows.
inline bool has_pairs(const Bf16Problem& problem, const Tile& tile) {
  if (tile.cells < kCells || tile.groups < kRegisters) return false;
  if (!tile.blocks) return problem.destination.group == kLanes;
  for (std::size_t cell = 0; cell < kCells; cell += 2) {
    if (tile.destination[cell + 1] != tile.destination[cell] + kLanes) return false;
  }
  return true;
}

/// A whole tile, two times 16 results at once: half as many conversions and stores.
template <bool kSum, bool kBlocks>
inline void finish_pairs(const Bf16Problem& problem, const Tile& tile, const __m512 (*sums)[kRegisters]) {
#pragma GCC unroll 6
  for (std::size_t cell = 0; cell < kCells; cell += kBlocks ? 2 : 1) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; i += kBlocks ? 1 : 2) {
      auto* to = tile.destination[cell] + i * problem.destination.group;
      const auto low = finished<kSum>(tile, sums[cell][i], i, to);
      const auto high = kBlocks ? finished<kSum>(tile, sums[cell + 1][i], i, to + kLanes)
                                : finished<kSum>(tile, sums[cell][i + 1], i + 1, to + kLanes);
      _mm512_storeu_si512(to, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
    }
  }
}

inline void prefetch(const void* from) { _mm_prefetch(static_cast<const char*>(from), _MM_HINT_T0); }

/// \param kFirst  the first panel of output channels: what comes next is not in a cache yet, and lies in too
///                 many places for the processor to foresee
template <bool kFirst, bool kSum>
inline void run_tile(const Bf16Problem& problem, const Depth& depth, const Tile& tile) {
  const auto ahead = 2 * kCells * problem.source.cell;
  __m512 sums[kCells][kRegisters];
#pragma GCC unroll 6
  for (std::size_t cell = 0; cell < kCells; ++cell) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      sums[cell][i] = depth.begins
                          ? _mm512_setzero_ps()
                          : _mm512_load_ps(tile.sums + cell * Bf16Blocking::kPanelWidth + i * kLanes);
    }
  }
  if (depth.ends) {
    // What the next tile writes, and perhaps reads before, comes while products of this one are computed.
    // Two times 16 results share a line.
#pragma GCC unroll 6
    for (std::size_t cell = 0; cell < kCells; ++cell) {
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRegisters; ++i) {
        if (tile.blocks ? cell % 2 == 0 : i % 2 == 0)
          prefetch(tile.next[cell] + i * problem.destination.group);
      }
    }
  }
  const auto* weights = tile.weights;
  const auto* next_weights = tile.next_weights;
  const auto* next_sums = depth.begins ? nullptr : tile.sums + kCells * Bf16Blocking::kPanelWidth;
  for (std::size_t group = 0, offset = depth.first / kLanes * problem.source.group; group < depth.channels;
       group += kLanes, offset += problem.source.group) {
    if constexpr (kFirst) {
#pragma GCC unroll 6
      for (std::size_t cell = 0; cell < kCells; ++cell) {
        if (cell % 2 == 1 && problem.source.cell == kLanes) continue;  // Two to a line
        prefetch(tile.source[cell] + offset + ahead);
      }
    }
    // Weights of 16 channels are 32 lines: after sixteen tiles a panel has been asked for.
    _mm_prefetch(reinterpret_cast<const char*>(next_weights), _MM_HINT_T1);
    _mm_prefetch(reinterpret_cast<const char*>(next_weights + kLine), _MM_HINT_T1);
    next_weights += 2 * kLine;
    if (!depth.begins) {
      prefetch(next_sums);
      prefetch(next_sums + kLanes);
      next_sums += 2 * kLanes;
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
  if (!depth.ends) {
#pragma GCC unroll 6
    for (std::size_t cell = 0; cell < kCells; ++cell) {
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRegisters; ++i) {
        _mm512_store_ps(tile.sums + cell * Bf16Blocking::kPanelWidth + i * kLanes, sums[cell][i]);
      }
    }
  } else if (!has_pairs(problem, tile)) {
#pragma GCC unroll 6
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      if (cell < tile.cells) finish<kSum>(problem, tile, sums[cell], tile.destination[cell]);
    }
  } else if (tile.blocks) {
    finish_pairs<kSum, true>(problem, tile, sums);
  } else {
    finish_pairs<kSum, false>(problem, tile, sums);
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

struct Range {
  std::size_t first, end;
};

/// All cells of a block by one panel of output channels.
///   first  whether no other panel has gone over these cells before
///   out    of the panel's first channel
///   tile   of the block's first cells, but for where they lie
template <bool kSum>
void run_panel(const Bf16Problem& problem, const Depth& depth, const Range& cells, bool first,
               const std::uint16_t* source, std::uint16_t* out, Tile tile) {
  Cursor cursor(problem, cells.first), next(problem, cells.first);
  for (std::size_t i = 0; i < kCells; ++i) next.advance();
  for (auto cell = cells.first; cell < cells.end; cell += kCells) {
    tile.cells = cells.end - cell < kCells ? cells.end - cell : kCells;
    for (std::size_t i = 0; i < kCells; ++i, next.advance()) {
      tile.source[i] = source + cursor.at(problem.source);
      tile.destination[i] = out + cursor.at(problem.destination);
      tile.next[i] = out + next.at(problem.destination);
      if (i + 1 < tile.cells || tile.cells == kCells) cursor.advance();
    }
    if (first) {
      run_tile<true, kSum>(problem, depth, tile);
    } else {
      run_tile<false, kSum>(problem, depth, tile);
    }
    if (tile.sums != nullptr) tile.sums += kCells * Bf16Blocking::kPanelWidth;
    tile.next_weights += depth.channels / kLanes * 2 * kLine;
  }
}

}  // namespace

bool can_run_bf16() {
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}

void run_bf16(const Bf16Problem& problem, const Bf16Blocking& blocking, std::size_t block,
              const std::uint16_t* source, const std::uint16_t* weights, const float* bias,
              std::uint16_t* destination, void* scratch) {
  const auto image = block / blocking.image_blocks;
  const auto first = block % blocking.image_blocks * blocking.block_cells;
  const auto left = problem.rows * problem.columns - first;
  const Range cells{first, first + (left < blocking.block_cells ? left : blocking.block_cells)};
  source += image * problem.source.image;
  destination += image * problem.destination.image;
  for (std::size_t begin = 0; begin < problem.in_channels; begin += blocking.depth) {
    const auto rest = problem.in_channels - begin;
    const Depth depth{begin, rest < blocking.depth ? rest : blocking.depth, begin == 0,
                      rest <= blocking.depth};
    for (std::size_t panel = 0; panel < blocking.panels; ++panel) {
      const auto channel = panel * Bf16Blocking::kPanelWidth;
      const auto groups = (problem.out_channels - channel) / kLanes;
      Tile tile{};
      tile.groups = groups < kRegisters ? groups : kRegisters;
      tile.weights = weights + panel * blocking.panel_weights + begin * Bf16Blocking::kPanelWidth;
      const bool last = panel + 1 == blocking.panels;
      tile.next_weights =
          last ? weights + (depth.ends ? 0 : begin + blocking.depth) * Bf16Blocking::kPanelWidth
               : tile.weights + blocking.panel_weights;
      tile.bias = bias == nullptr ? kZeros : bias + channel;
      tile.floor = problem.relu ? 0.F : -__builtin_inff();
      tile.blocks = problem.destination.cell == kLanes;
      if (scratch != nullptr) {
        tile.sums = static_cast<float*>(scratch) + panel * blocking.block_cells * Bf16Blocking::kPanelWidth;
      }
      auto* out = destination + channel / kLanes * problem.destination.group;
      if (problem.sum) {
        run_panel<true>(problem, depth, cells, panel == 0, source, out, tile);
      } else {
        run_panel<false>(problem, depth, cells, panel == 0, source, out, tile);
      }
    }
  }
}

}  // namespace rcnn::engine::pointwise

#else  // A processor, or a compiler, without these instructions

namespace rcnn::engine::pointwise {

bool can_run_bf16() { return false; }

void run_bf16(const Bf16Problem&, const Bf16Blocking&, std::size_t, const std::uint16_t*,
              const std::uint16_t*, const float*, std::uint16_t*, void*) {}

}  // namespace rcnn::engine::pointwise

#endif
