// SPDX-License-Identifier: MIT
// 1x1 convolutions with sums in f32, for the kernels of each type of value alone, within their flags. Nothing
// of the standard library is called.
//
// E says how values are read, multiplied and written:
//   Value            as they lie in memory
//   kTogether        input channels that one product takes
//   read(from)       16 values; read_pair(from, low, high) 32 of them, that lie together
//   write(to, sums)  16 sums, rounded; write_pair(to, low, high) 32 of them, that lie together
//   Weights, Inputs  registers: weights(from), inputs(from) the same channels for all of them
//   add(sums, inputs, weights)
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "engine/ops/pointwise/floats.hpp"
#include "engine/ops/pointwise/multiples-inl.hpp"

namespace rcnn::engine::pointwise {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kRegisters = FloatBlocking::kPanelWidth / kLanes;
constexpr std::size_t kCells = FloatBlocking::kPanelCells;
constexpr std::size_t kLineBytes = 64;  ///< Of the cache
constexpr std::size_t kTilesAhead = 4;  ///< What a panel reads first is asked for so early

/// Values of a line, and whether 16 fill only half of one.
template <class E>
constexpr std::size_t kLine = kLineBytes / sizeof(typename E::Value);
template <class E>
constexpr bool kShareLines = kLine<E> > kLanes;

constexpr float kZeros[FloatBlocking::kPanelWidth] = {};

/// Which input channels of a block are multiplied now.
struct Depth {
  std::size_t first, channels;
  bool begins, ends;  ///< Whether sums start here, whether they are complete then
};

/// What the tiles of a block have in common while one panel of output channels goes over them.
template <class E>
struct Panel {
  const typename E::Value* source;  ///< Of the image
  typename E::Value* destination;   ///< Of the image, at the panel's first channel
  std::size_t groups;               ///< Of output channels
  const typename E::Value* weights;
  const float* bias;  ///< Of kPanelWidth channels
  float floor;        ///< What is less becomes this
  bool blocks;        ///< Results of neighbouring cells lie side by side, else of groups
};

/// Where the cells of a block and those after it lie in their image; where that ends, its last cell. Found
/// once for all panels: in bf16, with 64 input channels, a tile takes 400 cycles, and this took 40 of them.
struct Places {
  static constexpr std::size_t kMost = FloatBlocking::kMostCells + (kTilesAhead + 1) * kCells;
  std::uint32_t source[kMost + kLanes];  ///< Written sixteen at a time
  std::uint32_t destination[kMost + kLanes];
};

/// Up to six cells, up to four groups of 16 output channels, some or all of the input channels.
template <class E>
struct Tile {
  const std::uint32_t* source;       ///< In Places. What follows is asked for ahead
  const std::uint32_t* destination;  ///< Of this tile and the next
  std::size_t cells;
  const typename E::Value* next_weights;  ///< This tile's part of what comes after these
  float* sums;  ///< [kCells][kPanelWidth] of the channels before, then with these; null if there are all
};

/// One cell.
template <class E, bool kSum>
inline void finish(const FloatProblem& problem, const Panel<E>& panel, const __m512* sums,
                   typename E::Value* out) {
  const auto floor = _mm512_set1_ps(panel.floor);
#pragma GCC unroll 4
  for (std::size_t i = 0; i < kRegisters; ++i) {
    if (i >= panel.groups) return;
    auto* to = out + i * problem.destination.group;
    auto value = sums[i];
    if constexpr (kSum) value = _mm512_add_ps(value, E::read(to));
    E::write(to, _mm512_max_ps(floor, value));
  }
}

/// Whether finish_pairs() can: a whole tile, and no two cells that it takes together in different rows.
template <class E>
inline bool has_pairs(const FloatProblem& problem, const Panel<E>& panel, const Tile<E>& tile) {
  if (tile.cells < kCells || panel.groups < kRegisters) return false;
  if (!panel.blocks) return problem.destination.group == kLanes;
  for (std::size_t cell = 0; cell < kCells; cell += 2) {
    if (tile.destination[cell + 1] != tile.destination[cell] + kLanes) return false;
  }
  return true;
}

/// A whole tile, two times 16 results at once: in bf16 half as many conversions and stores.
template <class E, bool kSum, bool kBlocks>
inline void finish_pairs(const FloatProblem& problem, const Panel<E>& panel, const Tile<E>& tile,
                         const __m512 (*sums)[kRegisters]) {
  const auto floor = _mm512_set1_ps(panel.floor);
#pragma GCC unroll 6
  for (std::size_t cell = 0; cell < kCells; cell += kBlocks ? 2 : 1) {
    auto* out = panel.destination + tile.destination[cell];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; i += kBlocks ? 1 : 2) {
      auto* to = out + i * (kBlocks ? problem.destination.group : kLanes);
      auto low = sums[cell][i], high = kBlocks ? sums[cell + 1][i] : sums[cell][i + 1];
      if constexpr (kSum) {
        __m512 held_low, held_high;
        E::read_pair(to, held_low, held_high);
        low = _mm512_add_ps(low, held_low);
        high = _mm512_add_ps(high, held_high);
      }
      low = _mm512_max_ps(floor, low);
      high = _mm512_max_ps(floor, high);
      E::write_pair(to, low, high);
    }
  }
}

// Inlined at once: what does nothing but ask GCC would leave out, and sums are to stay in registers.
#define RCNN_INLINE __attribute__((always_inline)) inline

RCNN_INLINE void prefetch(const void* from) { _mm_prefetch(static_cast<const char*>(from), _MM_HINT_T0); }

/// What a tile's sums begin with: the bias rather than zero, which costs nothing here, while at the end
/// results would wait for it; or the sums of the channels before.
template <class E>
RCNN_INLINE void begin_sums(const Depth& depth, const Panel<E>& panel, const Tile<E>& tile,
                            __m512 (*sums)[kRegisters]) {
  if (!depth.begins) {
#pragma GCC unroll 6
    for (std::size_t cell = 0; cell < kCells; ++cell) {
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRegisters; ++i) {
        sums[cell][i] = _mm512_load_ps(tile.sums + cell * FloatBlocking::kPanelWidth + i * kLanes);
      }
    }
    return;
  }
#pragma GCC unroll 4
  for (std::size_t i = 0; i < kRegisters; ++i) {
    const auto bias = _mm512_loadu_ps(panel.bias + i * kLanes);
#pragma GCC unroll 6
    for (std::size_t cell = 0; cell < kCells; ++cell) sums[cell][i] = bias;
  }
}

/// Asks for what the next tile writes, and perhaps reads before.
template <class E>
RCNN_INLINE void ask_for_results(const FloatProblem& problem, const Panel<E>& panel, const Tile<E>& tile) {
#pragma GCC unroll 6
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    const auto* next = panel.destination + tile.destination[kCells + cell];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      if (!kShareLines<E> || (panel.blocks ? cell % 2 == 0 : i % 2 == 0))
        prefetch(next + i * problem.destination.group);
    }
  }
}

/// Asks for what a tile some tiles ahead reads of a group of input channels.
template <class E>
RCNN_INLINE void ask_for_inputs(const FloatProblem& problem, const Panel<E>& panel, const Tile<E>& tile,
                                std::size_t group, std::size_t offset) {
  // Two groups share a line, or two cells.
  if (group % kLine<E> != 0 && problem.source.group == kLanes) return;
  const auto* from = panel.source + offset;
  const bool pairs = kShareLines<E> && problem.source.cell == kLanes;
#pragma GCC unroll 6
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    if (cell % 2 == 0 || !pairs) prefetch(from + tile.source[kTilesAhead * kCells + cell]);
  }
}

/// Adds the products of a group of input channels.
///   source  of each cell, at the group
template <class E>
RCNN_INLINE void add_group(const typename E::Value* const* source, std::size_t offset,
                           const typename E::Value* weights, __m512 (*sums)[kRegisters]) {
#pragma GCC unroll 2
  for (std::size_t channel = 0; channel < kLanes;
       channel += E::kTogether, weights += E::kTogether * FloatBlocking::kPanelWidth) {
    typename E::Weights w[kRegisters];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) w[i] = E::weights(weights + i * E::kTogether * kLanes);
#pragma GCC unroll 6
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      const auto inputs = E::inputs(source[cell] + offset + channel);
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRegisters; ++i) sums[cell][i] = E::add(sums[cell][i], inputs, w[i]);
    }
  }
}

template <class E, bool kSum>
RCNN_INLINE void end_sums(const FloatProblem& problem, const Depth& depth, const Panel<E>& panel,
                          const Tile<E>& tile, const __m512 (*sums)[kRegisters]) {
  if (!depth.ends) {
#pragma GCC unroll 6
    for (std::size_t cell = 0; cell < kCells; ++cell) {
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRegisters; ++i) {
        _mm512_store_ps(tile.sums + cell * FloatBlocking::kPanelWidth + i * kLanes, sums[cell][i]);
      }
    }
  } else if (!has_pairs(problem, panel, tile)) {
#pragma GCC unroll 6
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      if (cell == tile.cells) break;
      finish<E, kSum>(problem, panel, sums[cell], panel.destination + tile.destination[cell]);
    }
  } else if (panel.blocks) {
    finish_pairs<E, kSum, true>(problem, panel, tile, sums);
  } else {
    finish_pairs<E, kSum, false>(problem, panel, tile, sums);
  }
}

/// \param kFirst  the first panel of output channels: what comes next is not in a cache yet, and lies in too
///                 many places for the processor to foresee
template <class E, bool kFirst, bool kSum>
inline void run_tile(const FloatProblem& problem, const Depth& depth, const Panel<E>& panel,
                     const Tile<E>& tile) {
  using Value = typename E::Value;
  __m512 sums[kCells][kRegisters];
  begin_sums(depth, panel, tile, sums);
  if (depth.ends) ask_for_results(problem, panel, tile);  // While products of this one are computed
  const Value* source[kCells];
#pragma GCC unroll 6
  for (std::size_t cell = 0; cell < kCells; ++cell) source[cell] = panel.source + tile.source[cell];
  const auto* weights = panel.weights;
  const auto* next_weights = tile.next_weights;
  const auto* next_sums = depth.begins ? nullptr : tile.sums + kCells * FloatBlocking::kPanelWidth;
  for (std::size_t group = 0, offset = depth.first / kLanes * problem.source.group; group < depth.channels;
       group += kLanes, offset += problem.source.group) {
    if constexpr (kFirst) ask_for_inputs(problem, panel, tile, group, offset);
      // Weights of 16 channels are 16 times as many lines: after sixteen tiles a panel has been asked for.
#pragma GCC unroll 4
    for (std::size_t i = 0; i < sizeof(Value); ++i, next_weights += kLine<E>) {
      _mm_prefetch(reinterpret_cast<const char*>(next_weights), _MM_HINT_T1);
    }
    if (!depth.begins) {
      prefetch(next_sums);
      prefetch(next_sums + kLanes);
      next_sums += 2 * kLanes;
    }
    add_group<E>(source, offset, weights, sums);
    weights += kLanes * FloatBlocking::kPanelWidth;
  }
  end_sums<E, kSum>(problem, depth, panel, tile, sums);
}

#undef RCNN_INLINE

/// Of `cells` cells from `first` on.
inline void find_places(const FloatProblem& problem, std::size_t first, std::size_t cells, Places& places) {
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
///   first  whether no other panel has gone over these cells before
///   sums   of the block's first cells, as Tile has them
template <class E, bool kSum>
void run_panel(const FloatProblem& problem, const Depth& depth, std::size_t cells, const Panel<E>& panel,
               bool first, const Places& places, const typename E::Value* next_weights, float* sums) {
  for (std::size_t cell = 0; cell < cells; cell += kCells) {
    const Tile<E> tile{places.source + cell, places.destination + cell,
                       cells - cell < kCells ? cells - cell : kCells, next_weights, sums};
    if (first) {
      run_tile<E, true, kSum>(problem, depth, panel, tile);
    } else {
      run_tile<E, false, kSum>(problem, depth, panel, tile);
    }
    if (sums != nullptr) sums += kCells * FloatBlocking::kPanelWidth;
    next_weights += depth.channels / kLanes * kLineBytes;  // As many lines a group as a value has bytes
  }
}

template <class E>
void run_block(const FloatProblem& problem, const FloatBlocking& blocking, std::size_t block,
               const typename E::Value* source, const typename E::Value* weights, const float* bias,
               typename E::Value* destination, float* scratch) {
  const auto image = block / blocking.image_blocks;
  const auto first = block % blocking.image_blocks * blocking.block_cells;
  const auto left = problem.rows * problem.columns - first;
  const auto cells = left < blocking.block_cells ? left : blocking.block_cells;
  float padded_bias[FloatBlocking::kPanelWidth] = {};
  Places places;
  find_places(problem, first, cells, places);
  for (std::size_t begin = 0; begin < problem.in_channels; begin += blocking.depth) {
    const auto rest = problem.in_channels - begin;
    const Depth depth{begin, rest < blocking.depth ? rest : blocking.depth, begin == 0,
                      rest <= blocking.depth};
    for (std::size_t number = 0; number < blocking.panels; ++number) {
      const auto channel = number * FloatBlocking::kPanelWidth;
      const auto groups = (problem.out_channels - channel) / kLanes;
      Panel<E> panel{};
      panel.source = source + image * problem.source.image;
      panel.destination =
          destination + image * problem.destination.image + channel / kLanes * problem.destination.group;
      panel.groups = groups < kRegisters ? groups : kRegisters;
      panel.weights = weights + number * blocking.panel_weights + begin * FloatBlocking::kPanelWidth;
      panel.bias = bias == nullptr ? kZeros : bias + channel;
      if (bias != nullptr && groups < kRegisters) {
        for (std::size_t i = 0; i < groups * kLanes; ++i) padded_bias[i] = bias[channel + i];
        panel.bias = padded_bias;
      }
      panel.floor = problem.relu ? 0.F : -__builtin_inff();
      panel.blocks = problem.destination.cell == kLanes;
      const bool last = number + 1 == blocking.panels;
      const auto* next_weights =
          last ? weights + (depth.ends ? 0 : begin + blocking.depth) * FloatBlocking::kPanelWidth
               : panel.weights + blocking.panel_weights;
      auto* sums =
          scratch == nullptr ? nullptr : scratch + number * blocking.block_cells * FloatBlocking::kPanelWidth;
      if (problem.sum) {
        run_panel<E, true>(problem, depth, cells, panel, number == 0, places, next_weights, sums);
      } else {
        run_panel<E, false>(problem, depth, cells, panel, number == 0, places, next_weights, sums);
      }
    }
  }
}

}  // namespace
}  // namespace rcnn::engine::pointwise
