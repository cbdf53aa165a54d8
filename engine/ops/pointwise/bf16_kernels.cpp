// SPDX-License-Identifier: MIT
// Compiled for AVX-512 with BF16 (its own flags; can_run_bf16() says where it may run). Nothing of the
// standard library is called: what the linker kept of it could come from here.
#include "engine/ops/pointwise/bf16.hpp"

#if defined(__AVX512BF16__) && defined(__AVX512VL__)
#include <immintrin.h>

#include "engine/ops/pointwise/multiples-inl.hpp"

namespace rcnn::engine::pointwise {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kRegisters = Bf16Blocking::kPanelWidth / kLanes;
constexpr std::size_t kCells = Bf16Blocking::kPanelCells;
constexpr std::size_t kLine = 64 / sizeof(std::uint16_t);  ///< Of the cache

constexpr std::size_t kTilesAhead = 4;  ///< What a panel reads first is asked for so early

constexpr float kZeros[Bf16Blocking::kPanelWidth] = {};

/// Which input channels of a block are multiplied now.
struct Depth {
  std::size_t first, channels;
  bool begins, ends;  ///< Whether sums start here, whether they are complete then
};

/// What the tiles of a block have in common while one panel of output channels goes over them.
struct Panel {
  const std::uint16_t* source;  ///< Of the image
  std::uint16_t* destination;   ///< Of the image, at the panel's first channel
  std::size_t groups;           ///< Of output channels
  const std::uint16_t* weights;
  const float* bias;  ///< Of kPanelWidth channels
  float floor;        ///< What is less becomes this
  bool blocks;        ///< Results of neighbouring cells lie side by side, else of groups
};

/// Where the cells of a block and those after it lie in their image; where that ends, its last cell. Found
/// once for all panels: with 64 input channels a tile takes 400 cycles, and this took 40 of them.
struct Places {
  static constexpr std::size_t kMost = Bf16Blocking::kMostCells + (kTilesAhead + 1) * kCells;
  std::uint32_t source[kMost + kLanes];  ///< Written sixteen at a time
  std::uint32_t destination[kMost + kLanes];
};

/// Up to six cells, up to four groups of 16 output channels, some or all of the input channels.
struct Tile {
  const std::uint32_t* source;       ///< In Places. What follows is asked for ahead
  const std::uint32_t* destination;  ///< Of this tile and the next
  std::size_t cells;
  const std::uint16_t* next_weights;  ///< This tile's part of what comes after these
  float* sums;  ///< [kCells][kPanelWidth] of the channels before, then with these; null if there are all
};

inline __m512 widened(const std::uint16_t* from) {
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

/// Sum and ReLU of 16 sums that have their bias.
template <bool kSum>
inline __m512 finished(__m512 floor, __m512 value, const std::uint16_t* held) {
  if constexpr (kSum) value = _mm512_add_ps(value, widened(held));
  return _mm512_max_ps(floor, value);
}

/// One cell.
template <bool kSum>
inline void finish(const Bf16Problem& problem, const Panel& panel, const __m512* sums, std::uint16_t* out) {
  const auto floor = _mm512_set1_ps(panel.floor);
#pragma GCC unroll 4
  for (std::size_t i = 0; i < kRegisters; ++i) {
    if (i >= panel.groups) return;
    auto* to = out + i * problem.destination.group;
    const auto value = finished<kSum>(floor, sums[i], to);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(value)));
  }
}

/// Whether finish_pairs() can: a whole tile, and no two cells that it takes together in different rows.
inline bool has_pairs(const Bf16Problem& problem, const Panel& panel, const Tile& tile) {
  if (tile.cells < kCells || panel.groups < kRegisters) return false;
  if (!panel.blocks) return problem.destination.group == kLanes;
  for (std::size_t cell = 0; cell < kCells; cell += 2) {
    if (tile.destination[cell + 1] != tile.destination[cell] + kLanes) return false;
  }
  return true;
}

/// A whole tile, two times 16 results at once: half as many conversions and stores.
template <bool kSum, bool kBlocks>
inline void finish_pairs(const Bf16Problem& problem, const Panel& panel, const Tile& tile,
                         const __m512 (*sums)[kRegisters]) {
  const auto floor = _mm512_set1_ps(panel.floor);
#pragma GCC unroll 6
  for (std::size_t cell = 0; cell < kCells; cell += kBlocks ? 2 : 1) {
    auto* out = panel.destination + tile.destination[cell];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; i += kBlocks ? 1 : 2) {
      auto* to = out + i * (kBlocks ? problem.destination.group : kLanes);
      const auto low = finished<kSum>(floor, sums[cell][i], to);
      const auto high = finished<kSum>(floor, kBlocks ? sums[cell + 1][i] : sums[cell][i + 1], to + kLanes);
      _mm512_storeu_si512(to, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
    }
  }
}

inline void prefetch(const void* from) { _mm_prefetch(static_cast<const char*>(from), _MM_HINT_T0); }

/// The bias, rather than zero: it costs nothing here, and at the end results would wait for it.
inline void begin_sums(const Panel& panel, __m512 (*sums)[kRegisters]) {
#pragma GCC unroll 4
  for (std::size_t i = 0; i < kRegisters; ++i) {
    const auto bias = _mm512_loadu_ps(panel.bias + i * kLanes);
#pragma GCC unroll 6
    for (std::size_t cell = 0; cell < kCells; ++cell) sums[cell][i] = bias;
  }
}

/// \param kFirst  the first panel of output channels: what comes next is not in a cache yet, and lies in too
///                 many places for the processor to foresee
template <bool kFirst, bool kSum>
inline void run_tile(const Bf16Problem& problem, const Depth& depth, const Panel& panel, const Tile& tile) {
  __m512 sums[kCells][kRegisters];
  if (depth.begins) {
    begin_sums(panel, sums);
  } else {
#pragma GCC unroll 6
    for (std::size_t cell = 0; cell < kCells; ++cell) {
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRegisters; ++i) {
        sums[cell][i] = _mm512_load_ps(tile.sums + cell * Bf16Blocking::kPanelWidth + i * kLanes);
      }
    }
  }
  if (depth.ends) {
    // What the next tile writes, and perhaps reads before, comes while products of this one are computed.
    // Two times 16 results share a line.
#pragma GCC unroll 6
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      const auto* next = panel.destination + tile.destination[kCells + cell];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRegisters; ++i) {
        if (panel.blocks ? cell % 2 == 0 : i % 2 == 0) prefetch(next + i * problem.destination.group);
      }
    }
  }
  const std::uint16_t* source[kCells];
#pragma GCC unroll 6
  for (std::size_t cell = 0; cell < kCells; ++cell) source[cell] = panel.source + tile.source[cell];
  const auto* weights = panel.weights;
  const auto* next_weights = tile.next_weights;
  const auto* next_sums = depth.begins ? nullptr : tile.sums + kCells * Bf16Blocking::kPanelWidth;
  for (std::size_t group = 0, offset = depth.first / kLanes * problem.source.group; group < depth.channels;
       group += kLanes, offset += problem.source.group) {
    if constexpr (kFirst) {
      // Two groups share a line, or two cells.
      if (group % kLine == 0 || problem.source.group != kLanes) {
        const auto* from = panel.source + offset;
        const bool pairs = problem.source.cell == kLanes;
#pragma GCC unroll 6
        for (std::size_t cell = 0; cell < kCells; ++cell) {
          if (cell % 2 == 0 || !pairs) prefetch(from + tile.source[kTilesAhead * kCells + cell]);
        }
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
        __builtin_memcpy(&two, source[cell] + offset + pair, sizeof(two));
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
  } else if (!has_pairs(problem, panel, tile)) {
#pragma GCC unroll 6
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      if (cell == tile.cells) break;
      finish<kSum>(problem, panel, sums[cell], panel.destination + tile.destination[cell]);
    }
  } else if (panel.blocks) {
    finish_pairs<kSum, true>(problem, panel, tile, sums);
  } else {
    finish_pairs<kSum, false>(problem, panel, tile, sums);
  }
}

/// Of `cells` cells from `first` on.
void find_places(const Bf16Problem& problem, std::size_t first, std::size_t cells, Places& places) {
  const auto& from = problem.source;
  const auto& to = problem.destination;
  const auto wanted = cells + (kTilesAhead + 1) * kCells, left = problem.rows * problem.columns - first;
  const auto there = left < wanted ? left : wanted;
  auto row = first / problem.columns, column = first % problem.columns;
  for (std::size_t done = 0; done < there; ++row, column = 0) {
    auto run = problem.columns - column;
    if (run > there - done) run = there - done;
    write_multiples(places.source + done, run, row * from.row + column * from.cell, from.cell);
    write_multiples(places.destination + done, run, row * to.row + column * to.cell, to.cell);
    done += run;
  }
  for (auto i = there; i < wanted; ++i) {
    places.source[i] = places.source[there - 1];
    places.destination[i] = places.destination[there - 1];
  }
}

/// All cells of a block by one panel of output channels.
///   tile   of the block's first cells
///   first  whether no other panel has gone over these cells before
template <bool kSum>
void run_panel(const Bf16Problem& problem, const Depth& depth, std::size_t cells, const Panel& panel,
               bool first, const Places& places, const std::uint16_t* next_weights, float* sums) {
  for (std::size_t cell = 0; cell < cells; cell += kCells) {
    const Tile tile{places.source + cell, places.destination + cell,
                    cells - cell < kCells ? cells - cell : kCells, next_weights, sums};
    if (first) {
      run_tile<true, kSum>(problem, depth, panel, tile);
    } else {
      run_tile<false, kSum>(problem, depth, panel, tile);
    }
    if (sums != nullptr) sums += kCells * Bf16Blocking::kPanelWidth;
    next_weights += depth.channels / kLanes * 2 * kLine;
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
  const auto cells = left < blocking.block_cells ? left : blocking.block_cells;
  float padded_bias[Bf16Blocking::kPanelWidth] = {};
  Places places;
  find_places(problem, first, cells, places);
  for (std::size_t begin = 0; begin < problem.in_channels; begin += blocking.depth) {
    const auto rest = problem.in_channels - begin;
    const Depth depth{begin, rest < blocking.depth ? rest : blocking.depth, begin == 0,
                      rest <= blocking.depth};
    for (std::size_t number = 0; number < blocking.panels; ++number) {
      const auto channel = number * Bf16Blocking::kPanelWidth;
      const auto groups = (problem.out_channels - channel) / kLanes;
      Panel panel{};
      panel.source = source + image * problem.source.image;
      panel.destination =
          destination + image * problem.destination.image + channel / kLanes * problem.destination.group;
      panel.groups = groups < kRegisters ? groups : kRegisters;
      panel.weights = weights + number * blocking.panel_weights + begin * Bf16Blocking::kPanelWidth;
      panel.bias = bias == nullptr ? kZeros : bias + channel;
      if (bias != nullptr && groups < kRegisters) {
        for (std::size_t i = 0; i < groups * kLanes; ++i) padded_bias[i] = bias[channel + i];
        panel.bias = padded_bias;
      }
      panel.floor = problem.relu ? 0.F : -__builtin_inff();
      panel.blocks = problem.destination.cell == kLanes;
      Tile tile{};
      tile.source = places.source;
      tile.destination = places.destination;
      const bool last = number + 1 == blocking.panels;
      tile.next_weights =
          last ? weights + (depth.ends ? 0 : begin + blocking.depth) * Bf16Blocking::kPanelWidth
               : panel.weights + blocking.panel_weights;
      if (scratch != nullptr) {
        tile.sums = static_cast<float*>(scratch) + number * blocking.block_cells * Bf16Blocking::kPanelWidth;
      }
      if (problem.sum) {
        run_panel<true>(problem, depth, cells, panel, number == 0, places, tile.next_weights, tile.sums);
      } else {
        run_panel<false>(problem, depth, cells, panel, number == 0, places, tile.next_weights, tile.sums);
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
