// SPDX-License-Identifier: MIT
#include "engine/rcnn/ranking.hpp"

#include <algorithm>
#include <functional>

namespace rcnn::engine {
namespace {

// Sign, exponent and 5 bits of mantissa: fine enough that few scores share the last winner's bin, small
// enough for L1.
constexpr unsigned kBinBits = 14;
constexpr std::size_t kBins = std::size_t{1} << kBinBits;

std::size_t bin_of(Rank rank) { return rank >> (64U - kBinBits); }

/// Lowest bin that can hold one of the best `count`.
std::size_t lowest_winning_bin(std::span<const float> scores, std::size_t count) {
  std::vector<std::uint32_t> histogram(kBins, 0);
  for (const auto score : scores) ++histogram[bin_of(rank_of(score, 0))];
  std::size_t bin = kBins;
  for (std::size_t better = 0; bin > 0 && better < count;) better += histogram[--bin];
  return bin;
}

}  // namespace

std::vector<std::size_t> top_k(std::span<const float> scores, std::size_t count) {
  count = std::min(count, scores.size());
  const auto lowest = count < scores.size() ? lowest_winning_bin(scores, count) : 0;
  std::vector<Rank> ranks;
  ranks.reserve(count + count / 4);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const auto rank = rank_of(scores[i], i);
    if (bin_of(rank) >= lowest) ranks.push_back(rank);
  }
  const auto middle = ranks.begin() + static_cast<std::ptrdiff_t>(count);
  if (middle != ranks.end()) std::nth_element(ranks.begin(), middle, ranks.end(), std::greater<>());
  std::sort(ranks.begin(), middle, std::greater<>());
  std::vector<std::size_t> indices(count);
  std::transform(ranks.begin(), middle, indices.begin(), index_of);
  return indices;
}

}  // namespace rcnn::engine
