// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "engine/rcnn/box.hpp"

namespace rcnn::tests {

/// Intersection over union in f32; 0 / 0 is NaN, which is over no threshold.
inline float iou(const engine::Box& a, const engine::Box& b) {
  const float width = std::max(0.F, std::min(a.x1, b.x1) - std::max(a.x0, b.x0));
  const float height = std::max(0.F, std::min(a.y1, b.y1) - std::max(a.y0, b.y0));
  const float common = width * height;
  return common / (a.area() + b.area() - common);
}

/// The definition: walk boxes best first, strike out every worse one of the same class that overlaps too
/// much.
inline std::vector<int> slow_nms(std::span<const engine::Box> boxes, std::span<const float> scores,
                                 std::span<const int> classes, double threshold) {
  std::vector<int> order(boxes.size());
  std::iota(order.begin(), order.end(), 0);
  const auto at = [](int i) { return static_cast<std::size_t>(i); };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return scores[at(a)] > scores[at(b)]; });
  std::vector<bool> struck(boxes.size(), false);
  std::vector<int> kept;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (struck[at(order[i])]) continue;
    kept.push_back(order[i]);
    for (std::size_t j = i + 1; j < order.size(); ++j) {
      if (classes[at(order[i])] != classes[at(order[j])]) continue;
      if (static_cast<double>(iou(boxes[at(order[i])], boxes[at(order[j])])) > threshold)
        struck[at(order[j])] = true;
    }
  }
  return kept;
}

/// torchvision's batched_nms: up to 4,000 coordinates, one NMS over boxes that their classes move apart, in
/// f32 as there, since what the shift rounds off can decide; beyond that, each class on its own.
inline std::vector<int> slow_batched_nms(std::span<const engine::Box> boxes, std::span<const float> scores,
                                         std::span<const int> classes, double threshold) {
  if (4 * boxes.size() > 4000 || boxes.empty()) return slow_nms(boxes, scores, classes, threshold);
  float largest = boxes[0].x0;
  for (const auto& box : boxes) {
    for (const float corner : {box.x0, box.y0, box.x1, box.y1}) largest = std::max(largest, corner);
  }
  std::vector<engine::Box> apart;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const float shift = static_cast<float>(classes[i]) * (largest + 1.F);
    apart.push_back({boxes[i].x0 + shift, boxes[i].y0 + shift, boxes[i].x1 + shift, boxes[i].y1 + shift});
  }
  return slow_nms(apart, scores, std::vector<int>(boxes.size(), 0), threshold);
}

}  // namespace rcnn::tests
