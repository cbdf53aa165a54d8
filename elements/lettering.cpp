// SPDX-License-Identifier: MIT
#include "elements/lettering.hpp"

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "pipeline/recent_cache.hpp"

namespace rcnn::elements {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr int kRepeats = 64;       // One letter's width is rounded to pixels; that of many tells it finer.
constexpr std::size_t kSizes = 8;  // A few streams of different sizes

}  // namespace

Lettering::Lettering(double scale, int weight) : weight_(weight), border_(weight + 1) {
  ascent_ = cv::getTextSize("A", kFont, scale, weight, &descent_).height;
  for (char letter = kFirst; letter <= kLast; ++letter) {
    const std::string text(1, letter);
    const auto repeated = cv::getTextSize(std::string(kRepeats, letter), kFont, scale, weight, nullptr);
    const double advance = static_cast<double>(repeated.width - weight) / kRepeats;
    cv::Mat coverage = cv::Mat::zeros(ascent_ + descent_ + 2 * border_,
                                      static_cast<int>(std::ceil(advance)) + 2 * border_, CV_8U);
    cv::putText(coverage, text, {border_, border_ + ascent_}, kFont, scale, cv::Scalar(255), weight,
                cv::LINE_AA);
    glyphs_.push_back({std::move(coverage), advance});
  }
}

std::shared_ptr<const Lettering> Lettering::of(double scale, int weight) {
  static pipeline::RecentCache<std::pair<double, int>, Lettering> sizes(kSizes);
  return sizes.get({scale, weight}, [&] { return std::make_shared<const Lettering>(scale, weight); });
}

const Lettering::Glyph* Lettering::glyph(char letter) const {
  if (letter < kFirst || letter > kLast) return nullptr;
  return &glyphs_[static_cast<std::size_t>(letter - kFirst)];
}

double Lettering::advance(const std::string& ascii) const {
  double advance = 0;
  for (const char letter : ascii) {
    if (const auto* found = glyph(letter)) advance += found->advance;
  }
  return advance;
}

int Lettering::width(const std::string& ascii) const {
  return static_cast<int>(std::lround(advance(ascii) + weight_));
}

cv::Mat Lettering::line(const std::string& ascii) const {
  const int columns = static_cast<int>(std::ceil(advance(ascii))) + 2 * border_ + 1;
  cv::Mat coverage = cv::Mat::zeros(ascent_ + descent_ + 2 * border_, columns, CV_8U);
  double x = 0;
  for (const char letter : ascii) {
    const auto* found = glyph(letter);
    if (found == nullptr) continue;
    cv::Mat place = coverage(cv::Rect({static_cast<int>(std::lround(x)), 0}, found->coverage.size()));
    cv::max(place, found->coverage, place);
    x += found->advance;
  }
  return coverage;
}

}  // namespace rcnn::elements
