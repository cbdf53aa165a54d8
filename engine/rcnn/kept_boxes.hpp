// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "engine/rcnn/box.hpp"

namespace rcnn::engine {

/// The boxes that a greedy NMS has kept so far, in the order and shape that one compare per register wants.
/// Asking "does a kept box suppress this one?" stops at the first that does, so the work is candidates x kept
/// / lanes.
///
/// Thread safety: reentrant.
class KeptBoxes {
 public:
  /// `threshold` as a config writes it: see the comment at its use.
  explicit KeptBoxes(float threshold);

  void add(const Box& box);
  /// True if the IoU of `box` with a kept box is > threshold. f32, in torchvision's order of operations.
  bool suppress(const Box& box) const;

  static constexpr std::size_t kGroup = 16;  ///< Lanes of the widest registers
  struct Group {
    alignas(64) std::array<float, kGroup> x0;
    alignas(64) std::array<float, kGroup> y0;
    alignas(64) std::array<float, kGroup> x1;
    alignas(64) std::array<float, kGroup> y1;
    alignas(64) std::array<float, kGroup> area;  ///< NaN in unused places: an IoU of NaN suppresses nothing
  };

 private:
  float limit_;  ///< IoU must be greater
  std::size_t count_ = 0;
  std::vector<Group> groups_;
};

}  // namespace rcnn::engine
