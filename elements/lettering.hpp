// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace rcnn::elements {

/// Letters of one size, each drawn once and put side by side from then on: drawing a label's strokes anew
/// takes longer than everything else in an overlay.
///
/// Thread safety: reentrant (const methods).
class Lettering {
 public:
  /// \param scale  of OpenCV's Hershey font, whose capitals are 21 pixels high at 1  \param weight  of a
  /// stroke, pixels
  Lettering(double scale, int weight);

  /// The letters of this size, kept for the sizes used last. Thread safety: thread-safe.
  static std::shared_ptr<const Lettering> of(double scale, int weight);

  /// Pixels that a line takes up: from its left end to its right one, over and under its baseline.
  int width(const std::string& ascii) const;
  int ascent() const { return ascent_; }
  int descent() const { return descent_; }

  /// How much of each pixel a line covers, 0..255, with border() more pixels on each side, which strokes may
  /// reach into. Other bytes than printable ASCII are left out.
  cv::Mat line(const std::string& ascii) const;
  int border() const { return border_; }

 private:
  struct Glyph {
    cv::Mat coverage;
    double advance;  ///< To the next letter, pixels
  };
  static constexpr char kFirst = ' ', kLast = '~';

  const Glyph* glyph(char letter) const;
  double advance(const std::string& ascii) const;

  std::vector<Glyph> glyphs_;
  int weight_;
  int border_;
  int ascent_ = 0;
  int descent_ = 0;
};

}  // namespace rcnn::elements
