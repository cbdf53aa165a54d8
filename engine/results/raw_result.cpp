// SPDX-License-Identifier: MIT
#include "engine/results/raw_result.hpp"

#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "engine/errors.hpp"
#include "engine/results/formats.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// The double with the shortest text that reads back as `value`: 0.1, not 0.10000000149011612.
double shortest(float value) {
  std::array<char, 32> text{};
  const auto* end = std::to_chars(text.begin(), text.end(), value).ptr;
  double number = 0;
  std::from_chars(text.begin(), end, number);
  return number;
}

json extent(Size size) { return {size.height, size.width}; }

json mask_rows(std::span<const float> cells, std::size_t side) {
  json rows = json::array();
  for (std::size_t y = 0; y < side; ++y) {
    json row = json::array();
    for (const float cell : cells.subspan(y * side, side)) row.push_back(shortest(cell));
    rows.push_back(std::move(row));
  }
  return rows;
}

json all_masks(const RawResult& raw) {
  const auto side = static_cast<std::size_t>(raw.mask_side);
  json masks = json::array();
  for (std::size_t i = 0; i < raw.boxes.size(); ++i) {
    masks.push_back(mask_rows(std::span(raw.mask_probabilities).subspan(i * side * side, side * side), side));
  }
  return masks;
}

json all_keypoints(const std::vector<std::vector<Keypoint>>& objects) {
  json all = json::array();
  for (const auto& object : objects) {
    json keypoints = json::array();
    for (const auto& point : object) {
      keypoints.push_back({shortest(point.x), shortest(point.y), shortest(point.score)});
    }
    all.push_back(std::move(keypoints));
  }
  return all;
}

}  // namespace

ordered_json raw_record(const FrameResult& result) {
  if (!result.raw) throw Error("There are no raw outputs of '" + result.file + "'; ask for them first");
  const auto& raw = *result.raw;
  json boxes = json::array(), scores = json::array(), classes = json::array();
  for (const auto& box : raw.boxes) {
    boxes.push_back({shortest(box.x0), shortest(box.y0), shortest(box.x1), shortest(box.y1)});
  }
  for (const auto& object : result.objects) {
    scores.push_back(shortest(object.score));
    classes.push_back(object.label);
  }
  ordered_json record{{"file", result.file},
                      {"image_hw", extent(result.image)},
                      {"network_hw", extent(raw.network)},
                      {"padded_hw", extent(raw.padded)},
                      {"boxes_xyxy", std::move(boxes)},
                      {"scores", std::move(scores)},
                      {"classes", std::move(classes)}};
  if (raw.mask_side > 0) record["mask_probabilities"] = all_masks(raw);
  if (raw.keypoints) record["keypoints_xys"] = all_keypoints(*raw.keypoints);
  return record;
}

}  // namespace rcnn::engine
