// SPDX-License-Identifier: MIT
#include "engine/rcnn/nms.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "engine/errors.hpp"
#include "engine/rcnn/kept_boxes.hpp"
#include "engine/rcnn/ranking.hpp"

namespace rcnn::engine {
namespace {

constexpr std::size_t kMostShiftedBoxes =
    1000;  // torchvision: 4000 elements, measured there as the break-even.

void require_size(const char* what, std::size_t found, std::size_t boxes) {
  if (found == boxes) return;
  throw ShapeError("nms of " + std::to_string(boxes) + " boxes was given " + std::to_string(found) + " " +
                   what + "; give one a box");
}

/// Offers boxes best first to `keep`, which says whether it kept that one, until `limit` are kept.
/// A heap, because a limit is often reached long before the candidates are sorted.
template <typename Keep>
std::vector<int> best_first(std::span<const float> scores, std::size_t limit, const Keep& keep) {
  std::vector<Rank> heap(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) heap[i] = rank_of(scores[i], i);
  std::make_heap(heap.begin(), heap.end());
  std::vector<int> kept;
  for (auto end = heap.end(); end != heap.begin() && kept.size() < limit; --end) {
    std::pop_heap(heap.begin(), end);
    const auto index = index_of(*(end - 1));
    if (keep(index)) kept.push_back(static_cast<int>(index));
  }
  return kept;
}

bool keep_unless_suppressed(KeptBoxes& kept, const Box& box) {
  if (kept.suppress(box)) return false;
  kept.add(box);
  return true;
}

/// Classes lie so far apart that boxes of two classes never meet; the shift rounds coordinates, which is part
/// of the result.
std::vector<Box> shifted_by_class(std::span<const Box> boxes, std::span<const int> classes) {
  std::vector<Box> shifted(boxes.begin(), boxes.end());
  if (boxes.empty()) return shifted;
  float largest = boxes[0].x0;
  for (const auto& box : boxes) largest = std::max({largest, box.x0, box.y0, box.x1, box.y1});
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const float offset = static_cast<float>(classes[i]) * (largest + 1.F);
    shifted[i] = {boxes[i].x0 + offset, boxes[i].y0 + offset, boxes[i].x1 + offset, boxes[i].y1 + offset};
  }
  return shifted;
}

}  // namespace

std::vector<int> nms(std::span<const Box> boxes, std::span<const float> scores, float threshold,
                     std::size_t limit) {
  require_size("scores", scores.size(), boxes.size());
  KeptBoxes kept(threshold);
  return best_first(scores, limit, [&](std::size_t i) { return keep_unless_suppressed(kept, boxes[i]); });
}

std::vector<int> batched_nms(std::span<const Box> boxes, std::span<const float> scores,
                             std::span<const int> classes, float threshold, std::size_t limit) {
  require_size("scores", scores.size(), boxes.size());
  require_size("classes", classes.size(), boxes.size());
  if (boxes.size() <= kMostShiftedBoxes)
    return nms(shifted_by_class(boxes, classes), scores, threshold, limit);
  std::map<int, KeptBoxes> kept;
  return best_first(scores, limit, [&](std::size_t i) {
    return keep_unless_suppressed(kept.try_emplace(classes[i], threshold).first->second, boxes[i]);
  });
}

}  // namespace rcnn::engine
