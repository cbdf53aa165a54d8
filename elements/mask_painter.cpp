// SPDX-License-Identifier: MIT
#include "elements/mask_painter.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "engine/image/coverage.hpp"

namespace rcnn::elements {
namespace {

constexpr double kMaskOpacity = 0.5;  // Detectron2's.

// The pixels that a mask touches, cut to the image; empty where it touches none.
cv::Rect extent(const engine::Mask& mask, cv::Size image) {
  int x0 = image.width;
  int y0 = image.height;
  int x1 = 0;
  int y1 = 0;
  engine::each_span(mask, [&](int x, int begin, int end) {
    x0 = std::min(x0, x);
    x1 = std::max(x1, x + 1);
    y0 = std::min(y0, begin);
    y1 = std::max(y1, end);
  });
  return cv::Rect(x0, y0, std::max(0, x1 - x0), std::max(0, y1 - y0)) & cv::Rect({}, image);
}

/// Fills rows of a map from runs down the columns: a row changes where a column's runs differ from those of
/// the one before it, which is along the shape's edge alone.
class RowFiller {
 public:
  /// \param area  of the picture that the map shows
  RowFiller(const cv::Rect& area, engine::CoverageMap& map)
      : area_(area), map_(map), begins_(static_cast<std::size_t>(area.height), kOutside) {}

  /// Runs inside of a column, downwards; columns come from left to right.
  void span(int x, int begin, int end) {
    if (x != column_) next_column(x);
    begin = std::max(begin, area_.y) - area_.y;
    end = std::min(end, area_.br().y) - area_.y;
    if (begin >= end) return;
    ends_.push_back(begin);
    ends_.push_back(end);
  }
  void finish() { next_column(area_.br().x); }

 private:
  static constexpr int kOutside = -1;

  void next_column(int x) {
    compare(column_);
    std::swap(last_ends_, ends_);
    ends_.clear();
    if (x > column_ + 1 || x >= area_.br().x) {  // A column without runs, or the end
      compare(std::min(column_ + 1, area_.br().x));
      last_ends_.clear();
    }
    column_ = x;
  }

  /// Rows where this column is inside and the last one is not, or the other way round, lie between the ends
  /// that only one of them has.
  void compare(int x) {
    differ_.clear();
    std::set_symmetric_difference(ends_.begin(), ends_.end(), last_ends_.begin(), last_ends_.end(),
                                  std::back_inserter(differ_));
    for (std::size_t i = 0; i + 1 < differ_.size(); i += 2) {
      for (int y = differ_[i]; y < differ_[i + 1]; ++y) turn(y, x - area_.x);
    }
  }

  void turn(int y, int x) {
    auto& begin = begins_[static_cast<std::size_t>(y)];
    if (begin == kOutside) {
      begin = x;
      return;
    }
    std::fill(map_.row(y) + begin, map_.row(y) + x, std::uint8_t{255});
    begin = kOutside;
  }

  const cv::Rect area_;
  engine::CoverageMap& map_;
  std::vector<int> begins_;  ///< Of the run that is open in each row
  std::vector<int> ends_, last_ends_, differ_;
  int column_ = 0;
};

}  // namespace

void paint_mask(const Pen& pen, const engine::Mask& mask, Rgb rgb) {
  const cv::Rect touched = extent(mask, pen.size());
  if (touched.empty()) return;
  // Edges are drawn on both sides of where the mask ends.
  const int reach = std::max(1, pen.line() / 4);
  const cv::Rect area =
      (touched + cv::Size(2 * reach, 2 * reach) - cv::Point(reach, reach)) & cv::Rect({}, pen.size());
  engine::CoverageMap inside(area.width, area.height, reach), edges(area.width, area.height, 0);
  RowFiller filler(area, inside);
  engine::each_span(mask, [&](int x, int begin, int end) {
    if (x < area.br().x) filler.span(x, begin, end);
  });
  filler.finish();
  pen.tint(area, inside, rgb, kMaskOpacity);
  engine::find_edges(inside, reach, edges);
  pen.fill(area, edges, rgb);
}

}  // namespace rcnn::elements
