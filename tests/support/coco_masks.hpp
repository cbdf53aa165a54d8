// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/rcnn/mask.hpp"

namespace rcnn::tests {

/// The inverse of coco_rle, from the format's description.
inline std::vector<std::uint32_t> coco_counts(const std::string& text) {
  std::vector<std::uint32_t> counts;
  for (std::size_t at = 0; at < text.size();) {
    std::int64_t value = 0, group = 0x20;
    int shift = 0;
    while ((group & 0x20) != 0) {
      group = text.at(at++) - '0';
      value |= (group & 0x1f) << shift;
      shift += 5;
    }
    if ((group & 0x10) != 0) value -= std::int64_t{1} << shift;
    if (counts.size() > 2) value += counts[counts.size() - 2];
    counts.push_back(static_cast<std::uint32_t>(value));
  }
  return counts;
}

/// {"size": [height, width], "counts": TEXT}
inline engine::Mask read_mask(const nlohmann::json& rle) {
  const auto size = rle.at("size").get<std::array<int, 2>>();
  return {size[1], size[0], coco_counts(rle.at("counts").get<std::string>())};
}

/// Pixels in both masks, and in one of them only.
struct MaskOverlap {
  std::size_t both = 0;
  std::size_t one = 0;
  double iou() const {
    return both + one == 0 ? 1 : static_cast<double>(both) / static_cast<double>(both + one);
  }
};

inline MaskOverlap overlap(const engine::Mask& a, const engine::Mask& b) {
  std::vector<std::uint8_t> seen(static_cast<std::size_t>(a.width) * static_cast<std::size_t>(a.height));
  for (const auto* mask : {&a, &b}) {
    engine::each_span(*mask, [&](int x, int begin, int end) {
      for (int y = begin; y < end; ++y) {
        ++seen.at(static_cast<std::size_t>(x) * static_cast<std::size_t>(a.height) +
                  static_cast<std::size_t>(y));
      }
    });
  }
  MaskOverlap result;
  for (const auto times : seen) {
    result.both += times == 2;
    result.one += times == 1;
  }
  return result;
}

}  // namespace rcnn::tests
