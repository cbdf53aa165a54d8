// SPDX-License-Identifier: MIT
#include "engine/ops/joined_name.hpp"

#include <algorithm>

namespace rcnn::engine {

std::string joined_name(const std::string& first, const std::string& second) {
  const auto most = std::min(first.size(), second.size());
  const auto differ =
      std::mismatch(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(most), second.begin()).first;
  auto begin = static_cast<std::size_t>(differ - first.begin());
  while (begin > 0 && first[begin - 1] != '.') --begin;  // Whole parts
  std::size_t end = 0;
  while (begin + end < most && first[first.size() - 1 - end] == second[second.size() - 1 - end]) ++end;
  while (end > 0 && first[first.size() - end] != '.') --end;
  return first.substr(0, first.size() - end) + "+" + second.substr(begin, second.size() - end - begin) +
         first.substr(first.size() - end);
}

}  // namespace rcnn::engine
