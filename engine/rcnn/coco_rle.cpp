// SPDX-License-Identifier: MIT
#include "engine/rcnn/coco_rle.hpp"

namespace rcnn::engine {

std::string coco_rle(const Mask& mask) {
  constexpr std::int64_t kGroup = 0x1f, kSign = 0x10, kMore = 0x20;
  std::string text;
  for (std::size_t i = 0; i < mask.counts.size(); ++i) {
    std::int64_t value = mask.counts[i];
    if (i > 2) value -= mask.counts[i - 2];
    bool more = true;
    while (more) {
      const auto group = value & kGroup;
      value >>= 5;
      more = (group & kSign) != 0 ? value != -1 : value != 0;
      text += static_cast<char>('0' + (more ? group | kMore : group));
    }
  }
  return text;
}

}  // namespace rcnn::engine
