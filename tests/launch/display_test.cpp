// SPDX-License-Identifier: MIT
// `neuron-rcnn detect --display` without a screen, and with a sink of GStreamer's that only looks like one.
#include "launch/display.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "launch/commands.hpp"
#include "tests/launch/tiny_files.hpp"

namespace rcnn::launch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kNoScreen = "env -u DISPLAY -u WAYLAND_DISPLAY GST_PLUGIN_FEATURE_RANK=kmssink:NONE";
/// autovideosink takes the sink of the highest rank that can be opened, and this one always can.
constexpr const char* kFakeScreen = "GST_PLUGIN_FEATURE_RANK=fakevideosink:MAX";

class Display : public ::testing::Test {
 protected:
  Display() {
    cv::imwrite((folder_ / "a.png").string(), make_picture(121, 90));
    cv::imwrite((folder_ / "b.png").string(), make_picture(64, 80));
  }
  Outcome show(const std::string& arguments, const std::string& environment) const {
    return run_neuron_rcnn("detect --display -m " + tests::tiny_model().string() + " " + arguments,
                           environment);
  }
  std::string images() const { return "'" + (folder_ / "*.png").string() + "'"; }

  const TempFolder folder_;
};

TEST_F(Display, WithoutAScreenOneErrorSaysWhatToDo) {
  const auto outcome = show(images() + " --json -", kNoScreen);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "");
  ASSERT_NE(outcome.err, "");
  const auto error =
      lines_of(outcome.err).back();  // A library that looked for a screen may have said so before
  EXPECT_THAT(error, AllOf(HasSubstr("no screen"), HasSubstr("--output DIR"), HasSubstr("DISPLAY")));
}

TEST_F(Display, ImagesStayUpForASecondEach) {
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = show(images(), kFakeScreen);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("a.png (121x90): "), HasSubstr("2 frames, ")));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

// The window and the encoder both want their frames first.
TEST_F(Display, VideosAreShownAndWrittenAtOnce) {
  write_clip(folder_ / "in.mp4", 12, 640, 480);
  const auto written = (folder_ / "out.mp4").string();
  const auto clip = (folder_ / "in.mp4").string();
  ASSERT_EQ(show(clip, kFakeScreen).code, 0);
  const auto outcome = show(clip + " --output " + written, kFakeScreen);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(frame_times(written), frame_times(clip));
}

}  // namespace
}  // namespace rcnn::launch
