// SPDX-License-Identifier: MIT
#include "elements/pen.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "engine/errors.hpp"

namespace rcnn::elements {
namespace {

constexpr double kFontCapHeight = 21;     // Pixels of a capital in that font at scale 1.
constexpr double kImageSidePerText = 90;  // Detectron2: font size = sqrt(width * height) / 90 ...
constexpr double kSmallestText = 8;       // ... but letters below 8 pixels cannot be read.
constexpr double kImageSidePerLine = 320;

cv::Mat plane_of(std::uint8_t* data, int width, int height, std::ptrdiff_t stride, std::ptrdiff_t bytes) {
  if (data == nullptr || width <= 0 || height <= 0 || stride < width * bytes) {
    throw engine::ShapeError("cannot draw into " + std::to_string(width) + "x" + std::to_string(height) +
                             " pixels with " + std::to_string(stride) +
                             " bytes a row: needs an image with at least " + std::to_string(bytes) +
                             " bytes a pixel");
  }
  return {height, width, CV_8UC(static_cast<int>(bytes)), data, static_cast<std::size_t>(stride)};
}

}  // namespace

cv::Scalar Pen::Plane::color(Rgb rgb) const {
  cv::Scalar value;
  for (int c = 0; c < 4; ++c) {
    const auto& weight = weights[static_cast<std::size_t>(c)];
    value[c] =
        black[static_cast<std::size_t>(c)] + weight[0] * rgb[0] + weight[1] * rgb[1] + weight[2] * rgb[2];
  }
  return value;
}

cv::Point Pen::Plane::at(cv::Point pixel) const {
  return shrink == 1 ? pixel : cv::Point(pixel.x >> 1, pixel.y >> 1);  // Rounds down on both sides of 0
}

int Pen::Plane::row_of(int line) const { return shrink == 1 ? line : engine::chroma_row(line, interlaced); }

cv::Rect Pen::Plane::touched(const cv::Rect& area) const {
  const cv::Rect inside = area & cv::Rect({}, canvas.size() * shrink);
  if (inside.empty()) return {};
  // Of two fields, the second line's row may lie above the first's, and the last but one's below the last's.
  const int first = inside.y, last = inside.br().y - 1;
  const int top = std::min(row_of(first), row_of(std::min(first + 1, last)));
  const int bottom = std::max(row_of(last), row_of(std::max(last - 1, first)));
  const cv::Rect samples(cv::Point(inside.x / shrink, top),
                         cv::Point((inside.br().x + shrink - 1) / shrink, bottom + 1));
  return samples & cv::Rect({}, canvas.size());
}

// Rather a sample too wide than a pixel of luma without its colour.
int Pen::Plane::width_of(int pixels) const { return shrink == 1 ? pixels : (pixels + 2) / 2; }

// A sample's two rows of pixels, with zeros around the area where it begins or ends in the middle of a
// sample.
void Pen::Plane::lay(const cv::Rect& area, const std::uint8_t* coverage, std::size_t stride, Rgb rgb,
                     engine::Blend how) const {
  const cv::Rect samples = touched(area);
  cv::Mat ground = canvas;
  const auto value = color(rgb);
  std::array<std::uint8_t, 4> channels{};
  for (int c = 0; c < 4; ++c)
    channels[static_cast<std::size_t>(c)] = cv::saturate_cast<std::uint8_t>(value[c]);
  const std::span<const std::uint8_t> colors(channels.data(), static_cast<std::size_t>(canvas.channels()));
  const auto width = static_cast<std::size_t>(samples.width);
  const auto lay_row = [&](int y, const std::uint8_t* covered) {
    auto* row = ground.ptr<std::uint8_t>(y) + static_cast<std::size_t>(samples.x) * colors.size();
    engine::blend_row({row, width * colors.size()}, {covered, width}, colors, how);
  };
  if (shrink == 1) {
    for (int y = 0; y < samples.height; ++y)
      lay_row(samples.y + y, coverage + static_cast<std::size_t>(y) * stride);
    return;
  }
  std::vector<std::uint8_t> pair(4 * width), means(width);
  for (int y = samples.y; y < samples.br().y; ++y) {
    for (int half = 0; half < 2; ++half) {
      const int own = interlaced ? y / 2 * 4 + y % 2 + 2 * half : 2 * y + half;
      const int from = own - area.y;
      auto* line = pair.data() + static_cast<std::size_t>(half) * 2 * width + (area.x - 2 * samples.x);
      const auto pixels = static_cast<std::size_t>(area.width);
      if (from < 0 || from >= area.height) {
        std::fill_n(line, pixels, std::uint8_t{0});
      } else {
        std::copy_n(coverage + static_cast<std::size_t>(from) * stride, pixels, line);
      }
    }
    engine::halve_rows({pair.data(), 2 * width}, {pair.data() + 2 * width, 2 * width}, means);
    lay_row(y, means.data());
  }
}

// OpenCV smooths edges in one, three and four channels; what is half as fine as the picture needs none.
int Pen::Plane::smooth_lines() const { return shrink == 1 ? cv::LINE_AA : cv::LINE_8; }

Pen::Pen(const PaintTarget& target, double scale) {
  if (target.format == engine::PixelFormat::kYuv420) {
    add_yuv(target);
  } else {
    add_packed(target);
  }
  const double side = std::sqrt(static_cast<double>(target.width) * target.height);
  const double text = std::max(kSmallestText, side / kImageSidePerText) * scale;
  line_ = std::max(2, static_cast<int>(std::lround(side / kImageSidePerLine * scale)));
  letters_ = Lettering::of(text / kFontCapHeight, std::max(1, static_cast<int>(std::lround(text / 9))));
  margin_ = std::max(2, static_cast<int>(std::lround(text / 4)));
}

void Pen::add_packed(const PaintTarget& target) {
  using engine::PixelFormat;
  const bool red_first = target.format == PixelFormat::kRgb || target.format == PixelFormat::kRgbx;
  Plane plane{.canvas = plane_of(target.data, target.width, target.height, target.stride,
                                 engine::pixel_bytes(target.format)),
              .shrink = 1,
              .interlaced = false,
              .black = {0, 0, 0, 255},
              .weights = {}};
  for (std::size_t c = 0; c < 3; ++c) plane.weights[c][red_first ? c : 2 - c] = 1;
  planes_.push_back(std::move(plane));
}

void Pen::add_yuv(const PaintTarget& target) {
  const auto& chroma = target.chroma;
  const auto& [kr, kb, full] = chroma.encoding;
  const double kg = 1 - kr - kb;
  const double luma_range = full ? 1 : 219. / 255;
  const double chroma_range = full ? 1 : 224. / 255;
  const double u = chroma_range / (2 * (1 - kb)), v = chroma_range / (2 * (1 - kr));
  const std::array<double, 3> of_luma{luma_range * kr, luma_range * kg, luma_range * kb};
  const std::array<double, 3> of_u{-u * kr, -u * kg, u * (1 - kb)};
  const std::array<double, 3> of_v{v * (1 - kr), -v * kg, -v * kb};
  planes_.push_back({.canvas = plane_of(target.data, target.width, target.height, target.stride, 1),
                     .shrink = 1,
                     .interlaced = false,
                     .black = {full ? 0. : 16.},
                     .weights = {of_luma}});
  const int width = (target.width + 1) / 2, height = engine::chroma_rows(target.height, chroma.interlaced);
  if (chroma.step == 2) {
    planes_.push_back({.canvas = plane_of(chroma.u, width, height, chroma.u_stride, 2),
                       .shrink = 2,
                       .interlaced = chroma.interlaced,
                       .black = {128, 128},
                       .weights = {of_u, of_v}});
    return;
  }
  const auto add_plane = [&](std::uint8_t* data, std::ptrdiff_t stride,
                             const std::array<double, 3>& weights) {
    planes_.push_back({.canvas = plane_of(data, width, height, stride, 1),
                       .shrink = 2,
                       .interlaced = chroma.interlaced,
                       .black = {128},
                       .weights = {weights}});
  };
  add_plane(chroma.u, chroma.u_stride, of_u);
  add_plane(chroma.v, chroma.v_stride, of_v);
}

void Pen::text(const std::string& ascii, cv::Point baseline, Rgb rgb) const {
  const cv::Mat line = letters_->line(ascii);
  const cv::Point corner = baseline - cv::Point(letters_->border(), letters_->border() + letters_->ascent());
  const cv::Rect visible = cv::Rect(corner, line.size()) & cv::Rect({}, size());
  if (visible.empty()) return;
  const cv::Mat coverage = line(visible - corner);
  for (const auto& plane : planes_)
    plane.lay(visible, coverage.ptr<std::uint8_t>(), coverage.step[0], rgb, {});
}

void Pen::dim(const cv::Rect& area, double share) const {
  for (const auto& plane : planes_) {
    cv::Mat ground = plane.canvas(plane.touched(area));
    ground.convertTo(ground, -1, share, (1 - share) * plane.black[0]);
  }
}

// Where there are two fields, rows of samples do not follow each other as the picture's lines do: the stroke
// is drawn as luma has it, and laid over all samples that it touches.
template <typename Draw>
void Pen::stroke(const cv::Rect& reach, Rgb rgb, const Draw& draw) const {
  for (const auto& plane : planes_) {
    if (!plane.interlaced) {
      draw(plane, cv::Point());
      continue;
    }
    const cv::Rect area = reach & cv::Rect({}, size());
    if (area.empty()) continue;
    const Plane drawn{.canvas = cv::Mat::zeros(area.size(), CV_8UC1),
                      .shrink = 1,
                      .interlaced = false,
                      .black = {255},
                      .weights = {}};
    draw(drawn, area.tl());
    plane.lay(area, drawn.canvas.ptr<std::uint8_t>(), drawn.canvas.step[0], rgb, {.least = 1});
  }
}

void Pen::straight(cv::Point from, cv::Point to, Rgb rgb, bool smooth) const {
  const cv::Point edge(line_, line_);
  const cv::Rect reach(cv::Point(std::min(from.x, to.x), std::min(from.y, to.y)) - edge,
                       cv::Point(std::max(from.x, to.x), std::max(from.y, to.y)) + edge + cv::Point(1, 1));
  stroke(reach, rgb, [&](const Plane& plane, cv::Point origin) {
    cv::Mat canvas = plane.canvas;
    cv::line(canvas, plane.at(from - origin), plane.at(to - origin), plane.color(rgb), plane.width_of(line_),
             smooth ? plane.smooth_lines() : cv::LINE_8);
  });
}

void Pen::rectangle(const cv::Rect& box, Rgb rgb) const {
  const cv::Point last = box.br() - cv::Point(1, 1);
  const std::array<cv::Point, 4> corners{box.tl(), {last.x, box.y}, last, {box.x, last.y}};
  for (std::size_t i = 0; i < 4; ++i) straight(corners[i], corners[(i + 1) % 4], rgb, false);
}

void Pen::segment(cv::Point from, cv::Point to, Rgb rgb) const { straight(from, to, rgb, true); }

void Pen::dot(cv::Point centre, Rgb rgb) const {
  const cv::Point edge(line_ + 1, line_ + 1);  // Smoothed beyond its radius
  stroke({centre - edge, centre + edge + cv::Point(1, 1)}, rgb, [&](const Plane& plane, cv::Point origin) {
    cv::Mat canvas = plane.canvas;
    cv::circle(canvas, plane.at(centre - origin), plane.width_of(line_), plane.color(rgb), cv::FILLED,
               plane.smooth_lines());
  });
}

void Pen::lay(const cv::Rect& area, const engine::CoverageMap& inside, Rgb rgb, engine::Blend how,
              int least_of_mean) const {
  const auto* first = inside.row(0);
  for (const auto& plane : planes_) {
    how.least = plane.shrink == 1 ? 1 : least_of_mean;
    plane.lay(area, first, inside.stride(), rgb, how);
  }
}

void Pen::tint(const cv::Rect& area, const engine::CoverageMap& inside, Rgb rgb, double opacity) const {
  constexpr int kHalfOfThem = 127;  // Of a sample's pixels
  lay(area, inside, rgb, {.share = static_cast<int>(std::lround(255 * opacity))}, kHalfOfThem);
}

void Pen::fill(const cv::Rect& area, const engine::CoverageMap& inside, Rgb rgb) const {
  lay(area, inside, rgb, {}, 1);
}

}  // namespace rcnn::elements
