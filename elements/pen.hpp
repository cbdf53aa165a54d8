// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "elements/lettering.hpp"
#include "elements/paint_target.hpp"
#include "engine/image/coverage.hpp"

namespace rcnn::elements {

using Rgb = std::array<std::uint8_t, 3>;

/// A picture to draw into and what follows from its size, for the painters. Every stroke is made in all
/// planes of the picture: in those of colour at half its size, as wide as it takes to colour what luma shows;
/// of two fields, each line in its own.
/// Coordinates are pixels of the picture; what lies outside is cut off. Borrows the pixels.
///
/// Thread safety: reentrant.
class Pen {
 public:
  /// `scale` multiplies text height and line width, which follow the picture's size.
  /// \throws ShapeError if the target has no pixels or a stride below its row.
  Pen(const PaintTarget& target, double scale);

  cv::Size size() const { return planes_[0].canvas.size(); }
  /// Width of a box's line, pixels; 2 and more.
  int line() const { return line_; }
  /// Between a text and the edge of its ground, pixels.
  int margin() const { return margin_; }

  /// What a line of text() takes up.
  const Lettering& letters() const { return *letters_; }
  /// \param baseline  of the first letter, at its left
  void text(const std::string& ascii, cv::Point baseline, Rgb rgb) const;
  /// Leaves so much of the picture's brightness and colour.
  void dim(const cv::Rect& area, double share) const;
  void rectangle(const cv::Rect& box, Rgb rgb) const;
  void segment(cv::Point from, cv::Point to, Rgb rgb) const;
  void dot(cv::Point centre, Rgb rgb) const;
  /// Mixes the colour with the picture where `inside` is not zero. `area` is as large as `inside` and lies in
  /// the picture.
  void tint(const cv::Rect& area, const engine::CoverageMap& inside, Rgb rgb, double opacity) const;
  /// The colour itself, likewise.
  void fill(const cv::Rect& area, const engine::CoverageMap& inside, Rgb rgb) const;

 private:
  struct Plane {
    cv::Mat canvas;
    int shrink;                                    ///< Pixels to a side of one sample: 1 or 2
    bool interlaced;                               ///< Rows of samples belong to the two fields in turn
    std::array<double, 4> black;                   ///< A channel's value without any colour
    std::array<std::array<double, 3>, 4> weights;  ///< What red, green and blue add to it

    cv::Scalar color(Rgb rgb) const;
    cv::Point at(cv::Point pixel) const;
    cv::Rect touched(const cv::Rect& area) const;
    int width_of(int pixels) const;
    int row_of(int line) const;
    int smooth_lines() const;
    /// Lays the colour over what the bytes of `area`'s pixels cover; of samples, what their mean does.
    void lay(const cv::Rect& area, const std::uint8_t* coverage, std::size_t stride, Rgb rgb,
             engine::Blend how) const;
  };

  /// Calls draw(plane, origin) for what is to be drawn into, which begins at that pixel of the picture.
  /// `reach` holds all of the stroke's pixels.
  template <typename Draw>
  void stroke(const cv::Rect& reach, Rgb rgb, const Draw& draw) const;
  void straight(cv::Point from, cv::Point to, Rgb rgb, bool smooth) const;
  /// \param least_of_mean  of a sample's pixels that are 255 where they are inside: from when it is inside
  void lay(const cv::Rect& area, const engine::CoverageMap& inside, Rgb rgb, engine::Blend how,
           int least_of_mean) const;
  void add_packed(const PaintTarget& target);
  void add_yuv(const PaintTarget& target);

  std::vector<Plane> planes_;
  int line_;
  std::shared_ptr<const Lettering> letters_;
  int margin_;
};

}  // namespace rcnn::elements
