// SPDX-License-Identifier: MIT
#include "elements/mask_painter.hpp"

#include <algorithm>
#include <opencv2/imgproc.hpp>

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

// The pixels on both sides of where the mask ends, at the picture's edge too. OpenCV's contours, a line for
// every step along them, took nearly half of a mask's time.
void paint_edge(const Pen& pen, const cv::Rect& area, const cv::Mat& inside, Rgb rgb) {
  const int reach = std::max(1, pen.line() / 4);
  cv::Mat around;
  cv::copyMakeBorder(inside, around, reach, reach, reach, reach, cv::BORDER_CONSTANT, 0);
  const cv::Mat square = cv::Mat::ones(2 * reach + 1, 2 * reach + 1, CV_8U);
  cv::Mat grown, shrunk;
  cv::dilate(around, grown, square);
  cv::erode(around, shrunk, square);
  const cv::Rect wide(area.tl() - cv::Point(reach, reach), around.size());
  const cv::Rect visible = wide & cv::Rect({}, pen.size());
  pen.fill(visible, cv::Mat(grown - shrunk)(visible - wide.tl()), rgb);
}

}  // namespace

void paint_mask(const Pen& pen, const engine::Mask& mask, Rgb rgb) {
  const cv::Rect area = extent(mask, pen.size());
  if (area.empty()) {
    return;
  }
  cv::Mat columns = cv::Mat::zeros(area.width, area.height, CV_8U);  // Runs go down, memory to the right
  engine::each_span(mask, [&](int x, int begin, int end) {
    begin = std::max(begin, area.y) - area.y;
    end = std::min(end, area.br().y) - area.y;
    if (x < area.x || x >= area.br().x || begin >= end) return;
    std::fill_n(columns.ptr<std::uint8_t>(x - area.x) + begin, end - begin, std::uint8_t{255});
  });
  cv::Mat inside;
  cv::transpose(columns, inside);
  pen.tint(area, inside, rgb, kMaskOpacity);
  paint_edge(pen, area, inside, rgb);
}

}  // namespace rcnn::elements
