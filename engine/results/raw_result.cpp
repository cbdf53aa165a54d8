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

/// Nested arrays of the extents given, the outermost first; their product is the number of values.
json nested(std::span<const float> values, std::span<const std::size_t> extents) {
  json list = json::array();
  if (extents.size() == 1) {
    for (const float value : values) list.push_back(shortest(value));
    return list;
  }
  for (std::size_t i = 0; i < extents.front(); ++i) {
    const auto each = values.size() / extents.front();
    list.push_back(nested(values.subspan(i * each, each), extents.subspan(1)));
  }
  return list;
}

json all_masks(const RawResult& raw) {
  const auto side = static_cast<std::size_t>(raw.mask_side);
  const std::array extents{raw.boxes.size(), side, side};
  return nested(raw.mask_probabilities, extents);
}

json all_heatmaps(const RawResult& raw) {
  const auto objects = raw.boxes.size(), side = static_cast<std::size_t>(raw.heatmap_side);
  const auto keypoints = objects == 0 ? 0 : raw.keypoint_heatmaps.size() / (objects * side * side);
  const std::array extents{objects, keypoints, side, side};
  return nested(raw.keypoint_heatmaps, extents);
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
  ordered_json record{{"file", name_in_results(result.file)}};
  if (result.frame) {
    record["frame"] = *result.frame;
    record["pts_ns"] = result.pts_ns ? json(*result.pts_ns) : json(nullptr);
  }
  record["image_hw"] = extent(result.image);
  record["network_hw"] = extent(raw.network);
  record["padded_hw"] = extent(raw.padded);
  record["boxes_xyxy"] = std::move(boxes);
  record["scores"] = std::move(scores);
  record["classes"] = std::move(classes);
  if (raw.mask_side > 0) record["mask_probabilities"] = all_masks(raw);
  if (raw.keypoints) record["keypoints_xys"] = all_keypoints(*raw.keypoints);
  if (raw.heatmap_side > 0) record["keypoint_heatmaps"] = all_heatmaps(raw);
  return record;
}

}  // namespace rcnn::engine
