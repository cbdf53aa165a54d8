// SPDX-License-Identifier: MIT
#pragma once

#include "engine/rcnn/mask.hpp"

namespace rcnn::engine {

/// Corners, continuous coordinates in pixels of the frame the holder names; x1 and y1 are exclusive edges
/// (width = x1 - x0), as in Detectron2's Boxes (XYXY_ABS).
struct Box {
  float x0 = 0;
  float y0 = 0;
  float x1 = 0;
  float y1 = 0;

  float width() const { return x1 - x0; }
  float height() const { return y1 - y0; }
  float area() const { return width() * height(); }
  bool operator==(const Box&) const = default;
};

/// One region the RPN found interesting: network-input pixels, clipped to the unpadded image.
struct Proposal {
  Box box;
  float logit = 0;  ///< Objectness before the sigmoid.
  bool operator==(const Proposal&) const = default;
};

/// A part of an object: the eye of a person.
struct Keypoint {
  float x = 0;  ///< Continuous pixels of the frame that the object's box is in
  float y = 0;
  float score = 0;  ///< 0 and more; Detectron2 draws those over 0.05
  bool operator==(const Keypoint&) const = default;
};

/// One found object.
struct Detection {
  Box box;          ///< Frame named by the holder (network input, or video frame after scale_detections).
  float score = 0;  ///< Softmax probability, 0..1.
  int label = 0;    ///< Contiguous class index, 0..C-1.
  int region = 0;   ///< Index of the proposal it came from.
  Mask mask{};      ///< In the video frame; empty in models without masks and until it was pasted.
  std::vector<Keypoint> keypoints{};  ///< In the video frame; empty in models without, and until found.
  bool operator==(const Detection&) const = default;
};

}  // namespace rcnn::engine
