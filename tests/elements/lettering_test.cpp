// SPDX-License-Identifier: MIT
#include "elements/lettering.hpp"  // First: proves the header is self-contained.

#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>

namespace rcnn::elements {
namespace {

// Letters lie on whole pixels here, OpenCV's line places them between pixels: up to half of one apart.
TEST(Lettering, IsWhatOpenCvWrites) {
  for (const auto& [scale, weight] : {std::pair{0.4, 1}, {0.8, 2}, {2.1, 5}}) {
    const Lettering letters(scale, weight);
    const std::string text = "person 98% (Gypsy)";
    const cv::Mat ours = letters.line(text);
    cv::Mat theirs = cv::Mat::zeros(ours.size(), CV_8U);
    cv::putText(theirs, text, {letters.border(), letters.border() + letters.ascent()},
                cv::FONT_HERSHEY_SIMPLEX, scale, cv::Scalar(255), weight, cv::LINE_AA);
    EXPECT_NEAR(cv::sum(ours)[0], cv::sum(theirs)[0], 0.05 * cv::sum(theirs)[0]);
    cv::Mat wide_ours, wide_theirs;
    cv::dilate(ours, wide_ours, cv::Mat());
    cv::dilate(theirs, wide_theirs, cv::Mat());
    EXPECT_EQ(cv::countNonZero(theirs > wide_ours + 90), 0) << scale;
    EXPECT_EQ(cv::countNonZero(ours > wide_theirs + 90), 0) << scale;
    int below = 0;
    const auto size = cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, scale, weight, &below);
    EXPECT_NEAR(letters.width(text), size.width, 1);
    EXPECT_EQ(letters.ascent(), size.height);
    EXPECT_EQ(letters.descent(), below);
  }
}

TEST(Lettering, LeavesOutWhatTheFontLacks) {
  const Lettering letters(0.5, 1);
  EXPECT_EQ(letters.width("a\xc3\xa9\n"), letters.width("a"));
  EXPECT_EQ(letters.line("").rows, letters.line("a").rows);
  EXPECT_EQ(cv::countNonZero(letters.line("")), 0);
}

TEST(Lettering, IsMadeOnceForASize) {
  const auto one = Lettering::of(0.7, 2);
  EXPECT_EQ(Lettering::of(0.7, 2), one);
  EXPECT_NE(Lettering::of(0.7, 3), one);
}

}  // namespace
}  // namespace rcnn::elements
