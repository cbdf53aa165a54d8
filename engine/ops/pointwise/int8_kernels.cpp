// SPDX-License-Identifier: MIT
// The only file that is compiled for AVX-512 with VNNI (its own flags; can_run_int8() says where it may run).
// Nothing of the standard library is called: what the linker kept of it could come from here.
#include "engine/ops/pointwise/int8.hpp"

#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
#include <immintrin.h>

namespace rcnn::engine::pointwise {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kWidth = Int8Blocking::kPanelWidth;
constexpr std::size_t kRegisters = kWidth / kLanes;
constexpr std::size_t kPixels = Int8Blocking::kPanelPixels;
constexpr std::size_t kLine = 64;  ///< Of the cache

/// Up to which memory is hardly faster than the products, and is asked ahead for what comes next.
constexpr std::size_t kFewChannels = 256;

/// 64 values of a pixel as four registers of floats, in places as Int8Blocking::channel_at() has them.
struct Values {
  __m512 part[kRegisters];
};

/// Channels that there are in a panel, one bit each.
using Channels = __mmask64;

inline __mmask16 part_of(Channels channels, std::size_t i) {
  return static_cast<__mmask16>(channels >> (i * kLanes));
}

/// Nothing is added.
struct None {
  using Value = void;
};

struct F32 {
  using Value = float;
  static inline Values load(const Value* from, Channels channels) {
    Values values;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      values.part[i] = _mm512_maskz_loadu_ps(part_of(channels, i), from + i * kLanes);
    }
    return values;
  }
  static inline void store(Value* to, const Values& values, Channels channels) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      _mm512_mask_storeu_ps(to + i * kLanes, part_of(channels, i), values.part[i]);
    }
  }
};

struct Bf16 {
  using Value = std::uint16_t;
  static inline Values load(const Value* from, Channels channels) {
    Values values;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      const auto bits = _mm256_maskz_loadu_epi16(part_of(channels, i), from + i * kLanes);
      values.part[i] = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
    }
    return values;
  }
  /// Without AVX-512 BF16. Sums of integers are never NaN.
  static inline void store(Value* to, const Values& values, Channels channels) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      const auto bits = _mm512_castps_si512(values.part[i]);
      const auto odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
      const auto nearest = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
      _mm256_mask_storeu_epi16(to + i * kLanes, part_of(channels, i),
                               _mm512_cvtepi32_epi16(_mm512_srli_epi32(nearest, 16)));
    }
  }
};

inline __m512i load_bytes(const void* from, Channels channels) {
  return ~channels == 0 ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi8(channels, from);
}

inline void store_bytes(void* to, __m512i bytes, Channels channels) {
  if (~channels == 0) {
    _mm512_storeu_si512(to, bytes);
  } else {
    _mm512_mask_storeu_epi8(to, channels, bytes);
  }
}

/// For a shuffle that puts bytes 4 i to 4 i + 3 of each 128 bits at the given byte of four integers, 0
/// elsewhere.
template <int kByte>
inline __m512i spread(std::size_t i) {
  constexpr int kShift = 8 * kByte;
  constexpr auto kZeros = static_cast<int>(0x80808080U & ~(0xffU << kShift));
  const int first = 4 * static_cast<int>(i);
  const auto at = [&](int value) {
    return kZeros | static_cast<int>(static_cast<unsigned>(value) << kShift);
  };
  return _mm512_broadcast_i32x4(_mm_setr_epi32(at(first), at(first + 1), at(first + 2), at(first + 3)));
}

/// To the nearest integers. What is beyond an s32 comes out as the least of those: too much is cut before.
inline void nearest_of(const Values& values, float most, __m512i* integers) {
#pragma GCC unroll 4
  for (std::size_t i = 0; i < kRegisters; ++i) {
    integers[i] = _mm512_cvtps_epi32(_mm512_min_ps(values.part[i], _mm512_set1_ps(most)));
  }
}

struct U8 {
  using Value = std::uint8_t;
  static inline Values load(const Value* from, Channels channels) {
    const auto bytes = load_bytes(from, channels);
    Values values;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      values.part[i] = _mm512_cvtepi32_ps(_mm512_shuffle_epi8(bytes, spread<0>(i)));
    }
    return values;
  }
  static inline void store(Value* to, const Values& values, Channels channels) {
    __m512i integers[kRegisters];
    nearest_of(values, 255, integers);
    store_bytes(to,
                _mm512_packus_epi16(_mm512_packs_epi32(integers[0], integers[1]),
                                    _mm512_packs_epi32(integers[2], integers[3])),
                channels);
  }
};

struct S8 {
  using Value = std::int8_t;
  static inline Values load(const Value* from, Channels channels) {
    const auto bytes = load_bytes(from, channels);
    Values values;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      values.part[i] = _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_shuffle_epi8(bytes, spread<3>(i)), 24));
    }
    return values;
  }
  static inline void store(Value* to, const Values& values, Channels channels) {
    __m512i integers[kRegisters];
    nearest_of(values, 127, integers);
    store_bytes(to,
                _mm512_packs_epi16(_mm512_packs_epi32(integers[0], integers[1]),
                                   _mm512_packs_epi32(integers[2], integers[3])),
                channels);
  }
};

/// Goes through the source's pixels in their order.
struct Cursor {
  const SourcePixels& pixels;
  const std::uint8_t* at;
  std::size_t column, row;

  Cursor(const SourcePixels& of, const void* source, std::size_t pixel)
      : pixels(of),
        at(static_cast<const std::uint8_t*>(source) + pixel % of.columns * of.cell +
           pixel / of.columns % of.rows * of.row + pixel / of.columns / of.rows * of.image),
        column(pixel % of.columns),
        row(pixel / of.columns % of.rows) {}

  inline void advance() {
    at += pixels.cell;
    if (++column < pixels.columns) return;
    column = 0;
    at += pixels.row - pixels.columns * pixels.cell;
    if (++row < pixels.rows) return;
    row = 0;
    at += pixels.image - pixels.rows * pixels.row;
  }
};

/// One panel of output channels of up to six pixels.
template <class D>
struct Tile {
  const std::uint8_t* source[kPixels];  ///< Where there are fewer, the last again
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

/// What is computed again of the last pixel is not stored.
template <bool kSigned, class D, class A>
inline void run_tile(const Int8Problem& problem, const Depth& depth, const Tile<D>& tile) {
  __m512i sums[kPixels][kRegisters];
#pragma GCC unroll 6
  for (std::size_t pixel = 0; pixel < kPixels; ++pixel) {
    if (depth.ends && (!__is_same(A, None) || problem.in_channels <= kFewChannels)) {
      const auto real = pixel < tile.pixels ? pixel : tile.pixels - 1;
      _mm_prefetch(reinterpret_cast<const char*>(tile.destination + real * problem.out_channels),
                   _MM_HINT_T0);
    }
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) {
      if (!depth.begins) {
        sums[pixel][i] = _mm512_load_si512(tile.sums + pixel * kWidth + i * kLanes);
      } else {
        sums[pixel][i] = kSigned ? _mm512_load_si512(tile.starts + i * kLanes) : _mm512_setzero_si512();
      }
    }
  }
  const auto* weights = tile.weights;
  const auto* next_weights = tile.next_weights;
  const auto* next_sums = depth.begins ? nullptr : tile.sums + kPixels * kWidth;
  for (std::size_t channel = 0; channel < depth.channels; channel += 4, weights += 4 * 4 * kLanes) {
    if (next_weights != nullptr && channel % 32 == 0) {
      _mm_prefetch(reinterpret_cast<const char*>(next_weights), _MM_HINT_T1);
      _mm_prefetch(reinterpret_cast<const char*>(next_weights + kLine), _MM_HINT_T1);
      next_weights += 2 * kLine;
      if (!depth.begins) {
        _mm_prefetch(reinterpret_cast<const char*>(next_sums), _MM_HINT_T0);
        _mm_prefetch(reinterpret_cast<const char*>(next_sums + kLanes), _MM_HINT_T0);
        next_sums += 2 * kLanes;
      }
    }
    __m512i w[kRegisters];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) w[i] = _mm512_load_si512(weights + i * 4 * kLanes);
#pragma GCC unroll 6
    for (std::size_t pixel = 0; pixel < kPixels; ++pixel) {
      std::int32_t four;
      __builtin_memcpy(&four, tile.source[pixel] + channel, sizeof(four));
      auto value = _mm512_set1_epi32(four);
      if constexpr (kSigned) value = _mm512_xor_si512(value, _mm512_set1_epi8(-128));
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRegisters; ++i) {
        sums[pixel][i] = _mm512_dpbusd_epi32(sums[pixel][i], value, w[i]);
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

/// Asks for pixels of the next block, if they lie in a row.
/// (Not inlined, GCC would find that this does nothing and leave it out.)
__attribute__((always_inline)) inline void prefetch_next(const Int8Problem& problem,
                                                         const Int8Blocking& blocking,
                                                         const std::uint8_t* from) {
  if (problem.in_channels > kFewChannels || problem.source_pixels.cell != problem.in_channels) return;
  const auto* next = from + blocking.block_pixels * problem.in_channels;
  for (std::size_t i = 0; i < kPixels * problem.in_channels; i += kLine) {
    _mm_prefetch(reinterpret_cast<const char*>(next + i), _MM_HINT_T1);
  }
}

struct Range {
  std::size_t first, end;
};

/// All pixels of a block by one panel of output channels.
///   tile  of the block's first pixels, but for where they lie
template <bool kSigned, class D, class A>
void run_panel(const Int8Problem& problem, const Int8Blocking& blocking, const Depth& depth,
               const Range& pixels, bool last, const void* source, typename D::Value* destination,
               Tile<D> tile) {
  Cursor cursor(problem.source_pixels, source, pixels.first);
  for (auto pixel = pixels.first; pixel < pixels.end; pixel += kPixels) {
    tile.pixels = pixels.end - pixel < kPixels ? pixels.end - pixel : kPixels;
    for (std::size_t i = 0; i < kPixels; ++i) {
      tile.source[i] = cursor.at + depth.first;
      if (i + 1 < tile.pixels || tile.pixels == kPixels) cursor.advance();
    }
    tile.destination = destination + pixel * problem.out_channels;
    if (last) prefetch_next(problem, blocking, tile.source[0]);
    run_tile<kSigned, D, A>(problem, depth, tile);
    if (tile.sums == nullptr) continue;
    tile.sums += kPixels * kWidth;
    tile.next_weights += depth.channels / 32 * 2 * kLine;
  }
}

template <bool kSigned, class D, class A>
void run_block(const Int8Problem& problem, const Int8Blocking& blocking, std::size_t block,
               const void* source, const Int8Weights& weights, void* destination, void* scratch) {
  const auto first = block * blocking.block_pixels;
  const auto left = problem.pixels - first;
  const Range pixels{first, first + (left < blocking.block_pixels ? left : blocking.block_pixels)};
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
      if (blocking.depth < problem.in_channels) {
        tile.sums = static_cast<std::int32_t*>(scratch) + panel * blocking.block_pixels * kWidth;
        tile.next_weights = last ? weights.weights + (depth.ends ? 0 : begin + blocking.depth) * kWidth
                                 : tile.weights + blocking.panel_weights;
      }
      run_panel<kSigned, D, A>(problem, blocking, depth, pixels, last, source,
                               static_cast<typename D::Value*>(destination) + channel, tile);
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
