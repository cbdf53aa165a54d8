// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "elements/paint_target.hpp"
#include "engine/classify/top_classes.hpp"
#include "engine/rcnn/box.hpp"

namespace rcnn::elements {

struct PaintOptions {
  bool labels = true;     ///< "person 98%" beside each box
  double scale = 1.0;     ///< Multiplies text height and line width, which follow the image size
  float min_score = 0.f;  ///< Detections below are not drawn
};

/// Colour of a class: the same in every frame, run and program; neighbours in number are far apart in hue.
///   {R, G, B}
/// Thread safety: reentrant, as all functions here.
std::array<std::uint8_t, 3> class_color(int label);

/// "person 98%", as Detectron2 writes it; a class outside `class_names` is written "class 81".
std::string label_text(const engine::ClassScore& found, const std::vector<std::string>& class_names);
std::string label_text(const engine::Detection& detection, const std::vector<std::string>& class_names);

/// Draws boxes, labels and, where there are any, masks (half transparent, with their contour) and keypoints
/// (with the limbs between COCO's 17) in the manner of Detectron2's Visualizer, in place, in any pixel
/// format: into YUV as it is, colour at half the size of brightness. Largest first, so that small objects
/// stay on top; each label lies wholly inside the image where it fits at all.
///
///   detections   pixels of this image, any order; parts outside the image are cut off, as are masks of a
///                larger frame
///   class_names  index = Detection::label
///
/// Bytes between the end of a row and the next are not touched.
/// Thread safety: reentrant. \throws ShapeError if the target has no pixels or a stride below its row.
void paint_detections(const PaintTarget& target, std::span<const engine::Detection> detections,
                      const std::vector<std::string>& class_names, const PaintOptions& options = {});

/// Writes what a whole picture shows into its upper left corner, in place: a label_text() a line, in the
/// order given, each in its class's colour on a dark ground. The text is made smaller where the longest line
/// would not fit the width; lines below the picture's lower edge are left out.
///
/// Thread safety: reentrant. \throws ShapeError as paint_detections().
void paint_titles(const PaintTarget& target, std::span<const engine::ClassScore> classes,
                  const std::vector<std::string>& class_names, const PaintOptions& options = {});

}  // namespace rcnn::elements
