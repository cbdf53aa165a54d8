// SPDX-License-Identifier: MIT
// Compiled for AVX-512 with BF16 (its own flags; can_run_bf16() says where it may run). Nothing of the
// standard library is called: what the linker kept of it could come from here.
#include "engine/ops/stem/bf16.hpp"

#if defined(__AVX512BF16__) && defined(__AVX512VL__)
#include <immintrin.h>

namespace rcnn::engine::stem {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kValues = 32;  ///< Of bf16 in a register
constexpr std::size_t kChannels = Bf16Problem::kChannels;
constexpr std::size_t kStride = Bf16Problem::kStride;
constexpr std::size_t kWidth = Bf16Blocking::kPanelWidth;
constexpr std::size_t kRegisters = kWidth / kLanes;
constexpr std::size_t kCells = Bf16Blocking::kPanelCells;

/// A row of the image between zeros.
void pad_row(const Bf16Problem& problem, const std::uint16_t* from, std::uint16_t* to) {
  const auto count = kChannels * problem.width;
  _mm512_storeu_si512(to, _mm512_setzero_si512());
  to += kChannels * problem.padding;
  std::size_t i = 0;
  for (; i + kValues <= count; i += kValues) _mm512_storeu_si512(to + i, _mm512_loadu_si512(from + i));
  const auto rest = static_cast<__mmask32>((std::uint64_t{1} << (count - i)) - 1);
  _mm512_storeu_si512(to + i, _mm512_maskz_loadu_epi16(rest, from + i));
  _mm512_storeu_si512(to + i + kValues, _mm512_setzero_si512());
}

void clear(std::uint16_t* row, std::size_t elements) {
  for (std::size_t i = 0; i < elements; i += kValues) _mm512_storeu_si512(row + i, _mm512_setzero_si512());
}

/// Rows of the image that a row of windows reads.
struct Rows {
  const std::uint16_t* row[Bf16Problem::kMostKernel];
};

/// Two rows of the convolution's size, [cell][out_channels], as a strip goes down.
struct Maxima {
  std::uint16_t* last;  ///< The last row with an odd number
  std::uint16_t* most;  ///< The largest of the rows of one row of pooled cells so far
};

/// Takes 32 results of a row into account. Nothing is negative, so the order of bf16 is that of their bits.
template <bool kOdd>
inline void keep(const Maxima& maxima, std::size_t place, __m512i values) {
  auto* before = (kOdd ? maxima.most : maxima.last) + place;
  const auto most = _mm512_max_epu16(values, _mm512_load_si512(before));
  if constexpr (kOdd) _mm512_store_si512(maxima.last + place, values);
  _mm512_store_si512(maxima.most + place, most);
}

/// Six cells times 64 channels.
///   offset  of the first cell's window in the rows
///   place   of the first cell's first channel
template <bool kOdd>
inline void run_tile(const Bf16Problem& problem, const Bf16Blocking& blocking, const Rows& rows,
                     std::size_t offset, const std::uint16_t* weights, const float* bias, std::size_t groups,
                     const Maxima& maxima, std::size_t place) {
  __m512 sums[kCells][kRegisters];
#pragma GCC unroll 6
  for (std::size_t cell = 0; cell < kCells; ++cell) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegisters; ++i) sums[cell][i] = _mm512_loadu_ps(bias + i * kLanes);
  }
  for (std::size_t y = 0; y < problem.kernel; ++y) {
    const auto* from = rows.row[y] + offset;
    for (std::size_t pair = 0; pair < blocking.pairs; ++pair, from += 2, weights += 2 * kWidth) {
      // Windows overlap, and GCC would keep values for the next cell in general registers; to spread them
      // from there takes the place of products, from memory it does not.
      __asm__("" : "+r"(from));
      __m512bh w[kRegisters];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kRegisters; ++i) {
        w[i] = reinterpret_cast<__m512bh>(_mm512_load_si512(weights + i * 2 * kLanes));
      }
#pragma GCC unroll 6
      for (std::size_t cell = 0; cell < kCells; ++cell) {
        std::int32_t two;
        __builtin_memcpy(&two, from + cell * kStride * kChannels, sizeof(two));
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
#pragma GCC unroll 2
    for (std::size_t i = 0; i < kRegisters; i += 2) {
      if (i >= groups) break;
      const auto low = _mm512_max_ps(sums[cell][i], _mm512_setzero_ps());
      const auto high = _mm512_max_ps(sums[cell][i + 1], _mm512_setzero_ps());
      keep<kOdd>(maxima, place + cell * problem.out_channels + i * kLanes,
                 reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
    }
  }
}

/// Asks for the pixels under six cells, in rows that come next. (Not inlined it would be dropped: GCC 12
/// holds that it does nothing.)
///   next  the first of these rows; there are as many as the windows go down by
__attribute__((always_inline)) inline void prefetch_image(const Bf16Problem& problem,
                                                          const std::uint16_t* next, std::size_t cell) {
#pragma GCC unroll 2
  for (std::size_t row = 0; row < kStride; ++row) {
    const auto* from = next + (row * problem.width + cell * kStride) * kChannels;
    _mm_prefetch(reinterpret_cast<const char*>(from), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(from + kValues), _MM_HINT_T0);
  }
}

/// A row of the convolution.
///   next  of the image, see prefetch_image()
template <bool kOdd>
void convolve_row(const Bf16Problem& problem, const Bf16Blocking& blocking, const Rows& rows,
                  const std::uint16_t* weights, const float* bias, const std::uint16_t* next,
                  const Maxima& maxima) {
  for (std::size_t panel = 0; panel < blocking.panels; ++panel) {
    const auto channel = panel * kWidth;
    const auto groups = (problem.out_channels - channel) / kLanes;
    for (std::size_t x = 0; x < blocking.conv_width; x += kCells) {
      // The last six overlap those before them, and find the same once more.
      if (x + kCells > blocking.conv_width && x > 0) x = blocking.conv_width - kCells;
      if (panel == 0) prefetch_image(problem, next, x);
      run_tile<kOdd>(problem, blocking, rows, x * kStride * kChannels,
                     weights + panel * blocking.panel_weights, bias + channel, groups, maxima,
                     x * problem.out_channels + channel);
    }
  }
}

/// A row of pooled cells. Zeros outside of the map never win.
void pool_row(const Bf16Problem& problem, const Bf16Blocking& blocking, const std::uint16_t* row,
              std::uint16_t* to) {
  const auto channels = problem.out_channels;
  for (std::size_t channel = 0; channel < channels; channel += kValues) {
    auto* out = to + channel / kLanes * problem.destination.group;
    const auto* from = row + channel;
    auto last = _mm512_setzero_si512();
    for (std::size_t x = 0; x < blocking.pooled_width; ++x, from += 2 * channels) {
      const bool inside = 2 * x + 1 < blocking.conv_width;
      const auto next = inside ? _mm512_load_si512(from + channels) : _mm512_setzero_si512();
      const auto most = _mm512_max_epu16(_mm512_max_epu16(last, _mm512_load_si512(from)), next);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm512_castsi512_si256(most));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + problem.destination.group),
                          _mm512_extracti64x4_epi64(most, 1));
      out += problem.destination.cell;
      last = next;
    }
  }
}

/// What a strip keeps as it goes down.
struct Strip {
  std::uint16_t* image;   ///< A ring of as many rows as a window has
  std::size_t padded;     ///< Rows above which all are, counted with the padding
  std::size_t convolved;  ///< The same of the convolution's
  Maxima maxima;
};

void pad_rows(const Bf16Problem& problem, const Bf16Blocking& blocking, const std::uint16_t* image,
              std::size_t end, Strip& strip) {
  for (; strip.padded < end; ++strip.padded) {
    auto* row = strip.image + strip.padded % problem.kernel * blocking.image_row;
    const bool inside = strip.padded >= problem.padding && strip.padded - problem.padding < problem.height;
    if (inside) {
      pad_row(problem, image + (strip.padded - problem.padding) * problem.width * kChannels, row);
    } else {
      clear(row, blocking.image_row);
    }
  }
}

void convolve_rows(const Bf16Problem& problem, const Bf16Blocking& blocking, const std::uint16_t* image,
                   const std::uint16_t* weights, const float* bias, std::size_t end, Strip& strip) {
  for (; strip.convolved < end; ++strip.convolved) {
    const auto first = strip.convolved * kStride;
    pad_rows(problem, blocking, image, first + problem.kernel, strip);
    Rows rows;
    for (std::size_t i = 0; i < problem.kernel; ++i) {
      rows.row[i] = strip.image + (first + i) % problem.kernel * blocking.image_row;
    }
    const auto* next = image + (strip.padded - problem.padding) * problem.width * kChannels;
    if (strip.convolved % 2 == 1) {
      convolve_row<true>(problem, blocking, rows, weights, bias, next, strip.maxima);
    } else {
      convolve_row<false>(problem, blocking, rows, weights, bias, next, strip.maxima);
    }
  }
}

}  // namespace

bool can_run_bf16() {
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}

void run_bf16(const Bf16Problem& problem, const Bf16Blocking& blocking, std::size_t strip,
              const std::uint16_t* source, const std::uint16_t* weights, const float* bias,
              std::uint16_t* destination, void* scratch) {
  const auto image = strip / blocking.image_strips;
  const auto first = strip % blocking.image_strips * blocking.strip_rows;
  const auto left = blocking.pooled_height - first;
  const auto end = first + (left < blocking.strip_rows ? left : blocking.strip_rows);
  source += image * kChannels * problem.height * problem.width;
  destination += image * problem.destination.image;

  auto* rows = static_cast<std::uint16_t*>(scratch);
  const auto begin = first == 0 ? 0 : 2 * first - 1;
  Strip whole{rows + 2 * blocking.conv_row, begin * kStride, begin, {rows, rows + blocking.conv_row}};
  clear(rows, blocking.conv_row);  // Above the first row
  for (auto row = first; row < end; ++row) {
    const auto below = 2 * row + 2 < blocking.conv_height ? 2 * row + 2 : blocking.conv_height;
    convolve_rows(problem, blocking, source, weights, bias, below, whole);
    pool_row(problem, blocking, whole.maxima.most, destination + row * problem.destination.row);
  }
}

}  // namespace rcnn::engine::stem

#else  // A processor, or a compiler, without these instructions

namespace rcnn::engine::stem {

bool can_run_bf16() { return false; }

void run_bf16(const Bf16Problem&, const Bf16Blocking&, std::size_t, const std::uint16_t*,
              const std::uint16_t*, const float*, std::uint16_t*, void*) {}

}  // namespace rcnn::engine::stem

#endif
