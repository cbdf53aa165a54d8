// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "engine/image/resize.hpp"
#include "engine/rcnn/box.hpp"

namespace rcnn::engine {

/// What the network itself says of one image, before anything is fitted to the image. Objects are those of
/// the FrameResult that it belongs to, in their order.
struct RawResult {
  Size network;            ///< The image as the network sees it; boxes and keypoints are in its pixels
  Size padded;             ///< The same with the zeros at the right and the bottom: the network's input
  std::vector<Box> boxes;  ///< One an object
  int mask_side = 0;       ///< Of the mask head's grid (28 in the model zoo); 0: the model has no masks
  /// [objects, mask_side, mask_side]: how likely each cell of the box's grid is inside, for the object's
  /// class
  std::vector<float> mask_probabilities{};
  /// An object's each; nothing where the model has none
  std::optional<std::vector<std::vector<Keypoint>>> keypoints{};
  int heatmap_side = 0;  ///< Of the keypoint head's grid (56 in the model zoo); 0: the model has none
  /// [objects, keypoints, heatmap_side, heatmap_side]: logits of where in the box's grid the keypoint is
  std::vector<float> keypoint_heatmaps{};
};

struct FrameResult;

/// {"file", "image_hw", "network_hw", "padded_hw", "boxes_xyxy", "scores", "classes"}, a video's frames with
/// "frame" and "pts_ns" as well; with masks also "mask_probabilities" (rows of cells, an object each), with
/// keypoints "keypoints_xys" and "keypoint_heatmaps" (likewise, a keypoint each of an object each). A grid
/// lies over its object's box: the top row's left cell in the corner (x0, y0). Every number reads back as the
/// f32 that it is. Thread safety: reentrant. \throws Error if result.raw is missing.
nlohmann::ordered_json raw_record(const FrameResult& result);

}  // namespace rcnn::engine
