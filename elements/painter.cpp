// SPDX-License-Identifier: MIT
#include "elements/painter.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <vector>

#include "elements/keypoint_painter.hpp"
#include "elements/mask_painter.hpp"
#include "elements/pen.hpp"

namespace rcnn::elements {
namespace {

constexpr double kLabelShade = 0.25;  // Detectron2 puts text on black of 80 % opacity.
constexpr int kLabelShare = 3;        // A label inside may take a third of the box's height.

// Whole pixels that a box touches, cut to one line's width around the image so that no coordinate overflows.
cv::Rect pixels_of(const engine::Box& box, const Pen& pen) {
  const auto cut = [&](float value, int limit) {
    const auto low = static_cast<float>(-2 * pen.line());
    return std::clamp(value, low, static_cast<float>(limit + 2 * pen.line()));
  };
  const int x0 = static_cast<int>(std::floor(cut(box.x0, pen.size().width)));
  const int y0 = static_cast<int>(std::floor(cut(box.y0, pen.size().height)));
  const int x1 = static_cast<int>(std::ceil(cut(box.x1, pen.size().width)));
  const int y1 = static_cast<int>(std::ceil(cut(box.y1, pen.size().height)));
  return {x0, y0, std::max(1, x1 - x0), std::max(1, y1 - y0)};
}

// The drawing fonts have ASCII only, and would show each byte of a longer character as its own question mark.
std::string drawable(const std::string& text) {
  std::string ascii;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      ascii += c;
    } else if (byte < 0x20 || byte >= 0xc0) {  // Control characters, and first bytes of UTF-8 sequences.
      ascii += '?';
    }
  }
  return ascii;
}

// Moved into the image.
cv::Rect within(cv::Rect area, const Pen& pen) {
  area.x = std::max(0, std::min(area.x, pen.size().width - area.width));
  area.y = std::max(0, std::min(area.y, pen.size().height - area.height));
  return area;
}

// In the box's corner, or beside a box that the label would hide (as Detectron2 does): above, else below,
// else to the right. Where another label lies already, at the first of these places and the box's other
// corners that is free, so that each can be read; where none is, over the other.
cv::Rect label_area(const cv::Rect& box, cv::Size size, const Pen& pen, std::span<const cv::Rect> taken) {
  const cv::Point above(box.x, box.y - size.height), below(box.x, box.br().y), right(box.br().x, box.y);
  const int far = box.br().x - size.width, low = box.br().y - size.height;
  const std::initializer_list<cv::Point> corners{box.tl(), {far, box.y}, {box.x, low}, {far, low}};
  std::vector<cv::Point> places;
  const bool inside = box.height >= kLabelShare * size.height;
  if (inside) places.assign(corners);
  if (above.y >= 0) places.push_back(above);
  if (below.y + size.height <= pen.size().height) places.push_back(below);
  places.push_back(right);
  if (!inside) places.insert(places.end(), corners);
  for (const auto& place : places) {
    const auto area = within({place, size}, pen);
    if (std::ranges::none_of(taken, [&](const auto& other) { return (area & other).area() > 0; }))
      return area;
  }
  return within({places.front(), size}, pen);
}

/// A line of text and what it takes up.
struct Line {
  std::string text;
  cv::Size size;  ///< With its dark ground
  int ascent;     ///< Of the letters over their baseline
};

Line measure(const Pen& pen, const std::string& text) {
  const std::string ascii = drawable(text);
  const auto& letters = pen.letters();
  return {ascii,
          {letters.width(ascii) + 2 * pen.margin(), letters.ascent() + letters.descent() + 2 * pen.margin()},
          letters.ascent()};
}

void paint_line(const Pen& pen, const Line& line, cv::Point corner, Rgb rgb) {
  const cv::Rect area(corner, line.size);
  pen.dim(area, kLabelShade);
  for (auto& channel : rgb) {  // Halfway to white: every class colour reads well on the dark ground.
    channel = static_cast<std::uint8_t>((channel + 255) / 2);
  }
  const cv::Point baseline(area.x + pen.margin(), area.y + pen.margin() + line.ascent);
  pen.text(line.text, baseline, rgb);
}

bool drawn(const engine::Detection& detection, const PaintOptions& options) {
  const engine::Box& box = detection.box;
  return detection.score >= options.min_score && std::isfinite(box.x0) && std::isfinite(box.y0) &&
         std::isfinite(box.x1) && std::isfinite(box.y1);
}

}  // namespace

std::array<std::uint8_t, 3> class_color(int label) {
  // Steps of the golden ratio spread any number of hues evenly; three tones keep near hues of later turns
  // apart.
  constexpr double kGoldenStep = 0.6180339887498949;
  constexpr std::array<std::array<double, 2>, 3> kTones{{{0.85, 1.0}, {0.55, 1.0}, {0.9, 0.75}}};
  const auto& [saturation, value] = kTones[static_cast<std::size_t>(std::abs(label / 7 % 3))];
  const double turns = (label + 1) * kGoldenStep;
  const double hue = 6 * (turns - std::floor(turns));
  std::array<std::uint8_t, 3> rgb{};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const double offset = std::fmod(hue + (channel == 0 ? 5 : channel == 1 ? 3 : 1), 6.0);
    const double share = std::clamp(std::min(offset, 4 - offset), 0.0, 1.0);
    rgb[channel] = static_cast<std::uint8_t>(std::lround(255 * value * (1 - saturation * share)));
  }
  return rgb;
}

std::string label_text(const engine::ClassScore& found, const std::vector<std::string>& class_names) {
  const auto index = static_cast<std::size_t>(found.index);
  const bool named = found.index >= 0 && index < class_names.size();
  const std::string name = named ? class_names[index] : "class " + std::to_string(found.index);
  std::array<char, 16> percent{};
  std::snprintf(percent.data(), percent.size(), " %.0f%%", static_cast<double>(found.score * 100));
  return name + percent.data();
}

std::string label_text(const engine::Detection& detection, const std::vector<std::string>& class_names) {
  return label_text(engine::ClassScore{detection.label, detection.score}, class_names);
}

void paint_detections(const PaintTarget& target, std::span<const engine::Detection> detections,
                      const std::vector<std::string>& class_names, const PaintOptions& options) {
  const Pen pen(target, options.scale);
  std::vector<const engine::Detection*> order;
  for (const auto& detection : detections) {
    if (drawn(detection, options)) {
      order.push_back(&detection);
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return a->box.area() > b->box.area(); });
  for (const auto* detection : order) {
    const auto rgb = class_color(detection->label);
    paint_mask(pen, detection->mask, rgb);
    paint_keypoints(pen, detection->keypoints, rgb);
    pen.rectangle(pixels_of(detection->box, pen), rgb);
  }
  if (!options.labels) return;
  std::vector<cv::Rect> taken;  // By labels, which lie over all else
  for (const auto* detection : order) {
    const auto line = measure(pen, label_text(*detection, class_names));
    taken.push_back(label_area(pixels_of(detection->box, pen), line.size, pen, taken));
    paint_line(pen, line, taken.back().tl(), class_color(detection->label));
  }
}

void paint_titles(const PaintTarget& target, std::span<const engine::ClassScore> classes,
                  const std::vector<std::string>& class_names, const PaintOptions& options) {
  const Pen usual(target, options.scale);
  const int room = std::max(1, target.width - 2 * usual.margin());
  int widest = room;
  for (const auto& found : classes) {
    const auto line = measure(usual, label_text(found, class_names));
    widest = std::max(widest, line.size.width - 2 * usual.margin());
  }
  const Pen pen(target, options.scale * room / widest);
  cv::Point corner(0, 0);
  for (const auto& found : classes) {
    const auto line = measure(pen, label_text(found, class_names));
    if (corner.y > 0 && corner.y + line.size.height > target.height) break;
    paint_line(pen, line, corner, class_color(found.index));
    corner.y += line.size.height;
  }
}

}  // namespace rcnn::elements
