// SPDX-License-Identifier: MIT
// The only file that is compiled for AVX-512 with VNNI (its own flags; can_run_int8() says where it may run).
// Nothing of the standard library is called: what the linker kept of it could come from here.
#include "engine/ops/pointwise/int8.hpp"

#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
#include "engine/ops/pointwise/int8_values-inl.hpp"
#include "engine/ops/pointwise/multiples-inl.hpp"

namespace rcnn::engine::pointwise {
namespace {

constexpr std::size_t kPixels = Int8Blocking::kPanelPixels;
constexpr std::size_t kLine = 64;  ///< Of the cache

/// A source is asked for so many tiles ahead.
constexpr std::size_t kTilesAhead = 4;

/// Where the pixels of a block and those after it begin, from the block's first on; where the source ends,
/// its last. Found once for all panels.
struct Places {
  static constexpr std::size_t kMost = Int8Blocking::kMostPixels + (kTilesAhead + 1) * kPixels;
  std::uint32_t source[kMost + kLanes];  ///< Written sixteen at a time
};

/// One panel of output channels of up to six pixels.
template <class D>
struct Tile {
  const std::uint8_t* source;   ///< Of the block
  const std::uint32_t* places;  ///< Where there are fewer pixels, others follow
  typename D::Value* destination;
  std::size_t pixels;
  Channels channels;
  const std::int8_t* weights;       ///< Of this panel, and so on
  const std::int8_t* next_weights;  ///< This tile's part of what comes after these
  const std::int32_t* starts;
  const float* scales;
  const float* biases;
  std::int32_t* sums;  ///< [kPixels][kWidth] of the channels before, then with these; null if there are all
};

/// Which input channels of a block are multiplied now.
struct Depth {
  std::size_t first, channels;
  bool begins, ends;  ///< Whether there are no sums yet, whether they are complete then
};

/// Scales, adds, cuts off and stores the sums of one pixel.
template <class D, class A>
__attribute__((always_inline)) inline void finish(const Int8Problem& problem, const Tile<D>& tile,
                                                  const __m512i* sums, typename D::Value* out) {
  Values values;
#pragma GCC unroll 4
  for (std::size_t i = 0; i < kRegisters; ++i) {
    values.part[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[i]), _mm512_load_ps(tile.scales + i * kLanes),
                                     _mm512_load_ps(tile.biases + i * kLanes));
  }
  if constexpr (!__is_same(A, None)) {
    const auto held = A::load(reinterpret_cast<const typename A::Value*>(out), tile.channels);
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      values.part[i] = _mm512_fmadd_ps(held.part[i], _mm512_set1_ps(problem.summand_scale), values.part[i]);
    }
  }
  if (!__is_same(D, U8) && problem.relu) {  // An u8 has nothing below zero anyway
#pragma GCC unroll 4
    for (auto& part : values.part) part = _mm512_max_ps(part, _mm512_setzero_ps());
  }
  D::store(out, values, tile.channels);
}

inline void prefetch(const void* from) { _mm_prefetch(static_cast<const char*>(from), _MM_HINT_T0); }

/// \param kFirst  the first panel of output channels: what comes next is not in a cache yet
template <bool kFirst, bool kSigned, class D, class A>
inline void run_tile(const Int8Problem& problem, const Depth& depth, const Tile<D>& tile) {
  __m512i sums[kPixels][kRegisters];
#pragma GCC unroll 6
  for (std::size_t pixel = 0; pixel < kPixels; ++pixel) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      if (!depth.begins) {
        sums[pixel][i] = _mm512_load_si512(tile.sums + pixel * kWidth + i * kLanes);
      } else {
        sums[pixel][i] = kSigned ? _mm512_load_si512(tile.starts + i * kLanes) : _mm512_setzero_si512();
      }
    }
  }
  if (depth.ends) {
    // What the next tile writes, and perhaps reads before.
#pragma GCC unroll 6
    for (std::size_t pixel = 0; pixel < kPixels; ++pixel) {
      prefetch(tile.destination + (kPixels + pixel) * problem.out_channels);
    }
  }
  const std::uint8_t* source[kPixels];
#pragma GCC unroll 6
  for (std::size_t pixel = 0; pixel < kPixels; ++pixel)
    source[pixel] = tile.source + tile.places[pixel] + depth.first;
  const auto* weights = tile.weights;
  const auto* next_weights = tile.next_weights;
  const auto* next_sums = depth.begins ? nullptr : tile.sums + kPixels * kWidth;
  for (std::size_t group = 0; group < depth.channels; group += kLine) {
    if constexpr (kFirst) {
      const auto* from = tile.source + depth.first + group;
#pragma GCC unroll 6
      for (std::size_t pixel = 0; pixel < kPixels; ++pixel)
        prefetch(from + tile.places[kTilesAhead * kPixels + pixel]);
    }
    // Weights of 64 channels are 64 lines: after sixteen tiles a panel has been asked for.
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      _mm_prefetch(reinterpret_cast<const char*>(next_weights + i * kLine), _MM_HINT_T1);
      if (!depth.begins) prefetch(next_sums + i * kLanes);
    }
    next_weights += 4 * kLine;
    if (!depth.begins) next_sums += 4 * kLanes;
    const auto end = depth.channels - group < kLine ? depth.channels : group + kLine;
    for (std::size_t channel = group; channel < end; channel += 4, weights += 4 * 4 * kLanes) {
      __m512i w[kRegisters];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRegisters; ++i) w[i] = _mm512_load_si512(weights + i * 4 * kLanes);
#pragma GCC unroll 6
      for (std::size_t pixel = 0; pixel < kPixels; ++pixel) {
        std::int32_t four;
        __builtin_memcpy(&four, source[pixel] + channel, sizeof(four));
        auto value = _mm512_set1_epi32(four);
        if constexpr (kSigned) value = _mm512_xor_si512(value, _mm512_set1_epi8(-128));
#pragma GCC unroll 4
        for (std::size_t i = 0; i < kRegisters; ++i) {
          sums[pixel][i] = _mm512_dpbusd_epi32(sums[pixel][i], value, w[i]);
        }
      }
    }
  }
#pragma GCC unroll 6
  for (std::size_t pixel = 0; pixel < kPixels; ++pixel) {
    if (!depth.ends) {
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRegisters; ++i) {
        _mm512_store_si512(tile.sums + pixel * kWidth + i * kLanes, sums[pixel][i]);
      }
    } else if (pixel < tile.pixels) {
      finish<D, A>(problem, tile, sums[pixel], tile.destination + pixel * problem.out_channels);
    }
  }
}

struct Range {
  std::size_t first, end;
};

/// \returns where the first of the pixels lies
const std::uint8_t* find_places(const Int8Problem& problem, const void* source, const Range& pixels,
                                Places& places) {
  const auto& map = problem.source_pixels;
  const auto all = problem.pixels - pixels.first,
             most = pixels.end - pixels.first + (kTilesAhead + 1) * kPixels;
  const auto count = all < most ? all : most;
  auto column = pixels.first % map.columns, row = pixels.first / map.columns % map.rows,
       image = pixels.first / map.columns / map.rows;
  const auto start = image * map.image + row * map.row + column * map.cell;
  for (std::size_t done = 0; done < count; column = 0) {
    auto run = map.columns - column;
    if (run > count - done) run = count - done;
    write_multiples(places.source + done, run, image * map.image + row * map.row + column * map.cell - start,
                    map.cell);
    done += run;
    if (++row == map.rows) row = 0, ++image;
  }
  for (auto i = count; i < most; ++i) places.source[i] = places.source[count - 1];
  return static_cast<const std::uint8_t*>(source) + start;
}

/// All pixels of a block by one panel of output channels.
///   tile  of the block's first pixels
template <bool kSigned, class D, class A>
void run_panel(const Int8Problem& problem, const Depth& depth, std::size_t pixels, bool first,
               const Tile<D>& begin) {
  auto tile = begin;
  for (std::size_t pixel = 0; pixel < pixels; pixel += kPixels) {
    tile.pixels = pixels - pixel < kPixels ? pixels - pixel : kPixels;
    if (first) {
      run_tile<true, kSigned, D, A>(problem, depth, tile);
    } else {
      run_tile<false, kSigned, D, A>(problem, depth, tile);
    }
    tile.places += kPixels;
    tile.destination += kPixels * problem.out_channels;
    tile.next_weights += depth.channels / 32 * 2 * kLine;
    if (tile.sums != nullptr) tile.sums += kPixels * kWidth;
  }
}

template <bool kSigned, class D, class A>
void run_block(const Int8Problem& problem, const Int8Blocking& blocking, std::size_t block,
               const void* source, const Int8Weights& weights, void* destination, void* scratch) {
  const auto first = block * blocking.block_pixels;
  const auto left = problem.pixels - first;
  const Range pixels{first, first + (left < blocking.block_pixels ? left : blocking.block_pixels)};
  Places places;
  const auto* from = find_places(problem, source, pixels, places);
  for (std::size_t begin = 0; begin < problem.in_channels; begin += blocking.depth) {
    const auto rest = problem.in_channels - begin;
    const Depth depth{begin, rest < blocking.depth ? rest : blocking.depth, begin == 0,
                      rest <= blocking.depth};
    for (std::size_t panel = 0; panel < blocking.panels; ++panel) {
      const auto channel = panel * kWidth;
      const auto channels = problem.out_channels - channel;
      const bool last = panel + 1 == blocking.panels;
      Tile<D> tile{};
      tile.channels = channels < kWidth ? (Channels{1} << channels) - 1 : ~Channels{0};
      tile.weights = weights.weights + panel * blocking.panel_weights + begin * kWidth;
      tile.starts = weights.starts + channel;
      tile.scales = weights.scales + channel;
      tile.biases = weights.biases + channel;
      tile.source = from;
      tile.places = places.source;
      tile.destination =
          static_cast<typename D::Value*>(destination) + pixels.first * problem.out_channels + channel;
      tile.next_weights = last ? weights.weights + (depth.ends ? 0 : begin + blocking.depth) * kWidth
                               : tile.weights + blocking.panel_weights;
      if (blocking.depth < problem.in_channels) {
        tile.sums = static_cast<std::int32_t*>(scratch) + panel * blocking.block_pixels * kWidth;
      }
      run_panel<kSigned, D, A>(problem, depth, pixels.end - pixels.first, panel == 0, tile);
    }
  }
}

/// Calls go(D, A) with the types of the result and of what is added.
template <class Go>
inline void with_types(const Int8Problem& problem, const Go& go) {
  const auto narrow = [&](auto result) {
    if (!problem.sum) return go(result, None{});
    return problem.summand == Element::kS8 ? go(result, S8{}) : go(result, U8{});
  };
  switch (problem.destination) {
    case Element::kF32:
      return problem.sum ? go(F32{}, F32{}) : go(F32{}, None{});
    case Element::kBf16:
      return problem.sum ? go(Bf16{}, Bf16{}) : go(Bf16{}, None{});
    case Element::kU8:
      return narrow(U8{});
    case Element::kS8:
      return narrow(S8{});
  }
}

}  // namespace

bool can_run_int8() {
  return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}

void run_int8(const Int8Problem& problem, const Int8Blocking& blocking, std::size_t block, const void* source,
              const Int8Weights& weights, void* destination, void* scratch) {
  with_types(problem, [&]<class D, class A>(D, A) {
    if (problem.source == Element::kS8) {
      run_block<true, D, A>(problem, blocking, block, source, weights, destination, scratch);
    } else {
      run_block<false, D, A>(problem, blocking, block, source, weights, destination, scratch);
    }
  });
}

}  // namespace rcnn::engine::pointwise

#else  // A processor, or a compiler, without these instructions

namespace rcnn::engine::pointwise {

bool can_run_int8() { return false; }

void run_int8(const Int8Problem&, const Int8Blocking&, std::size_t, const void*, const Int8Weights&, void*,
              void*) {}

}  // namespace rcnn::engine::pointwise

#endif
