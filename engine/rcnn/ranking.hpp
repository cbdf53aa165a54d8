// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace rcnn::engine {

/// Score and index in one number: the larger, the better; equal scores put the lower index first.
/// NaN is better than everything, as PyTorch sorts it, so that a comparison stays a total order.
/// Thread safety: all functions are reentrant.
using Rank = std::uint64_t;

inline Rank rank_of(float score, std::size_t index) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.f);  // -0 and +0 are equal scores.
  const auto ordered = std::isnan(score)     ? std::numeric_limits<std::uint32_t>::max()
                       : (bits >> 31U) != 0U ? ~bits
                                             : bits | 0x80000000U;
  return (Rank{ordered} << 32U) |
         (std::numeric_limits<std::uint32_t>::max() - static_cast<std::uint32_t>(index));
}

inline std::size_t index_of(Rank rank) {
  return std::numeric_limits<std::uint32_t>::max() - static_cast<std::uint32_t>(rank);
}

/// Indices of the best `count` scores (all, if there are fewer), best first, equal scores in index order.
///
///   scores  [N], N < 2^32
///
/// Linear in N: a histogram finds the few that can win, and only those are sorted.
/// Thread safety: reentrant.
std::vector<std::size_t> top_k(std::span<const float> scores, std::size_t count);

}  // namespace rcnn::engine
