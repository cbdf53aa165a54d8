// SPDX-License-Identifier: MIT
// launch/rtsp-to-file.sh with a camera: one that plays to its end, one that vanishes, one that is not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ranges>

#include "tests/launch/background_process.hpp"
#include "tests/launch/tiny_files.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using ::testing::HasSubstr;

bool eventually(const std::function<bool()>& condition, seconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

class Rtsp : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(server())) {
      GTEST_SKIP() << "there is no camera to test with: install libgstrtspserver-1.0-dev and configure again";
    }
  }
  static std::string server() { return tests::built_file("tests/rtsp_server"); }

  /// Starts tests/support/rtsp/rtsp_server.cpp. \return the camera's URL
  std::string start_camera(int frames) {
    camera_.emplace(server() + " " + std::to_string(frames) + " >" + (folder_ / "url").string());
    EXPECT_TRUE(eventually([&] { return read_text(folder_ / "url").ends_with('\n'); }, seconds(60)));
    return lines_of(read_text(folder_ / "url")).at(0);
  }
  std::string recording() const { return (folder_ / "out.mp4").string(); }
  std::string arguments(const std::string& url) const {
    return tests::tiny_model().string() + " " + url + " " + recording();
  }
  /// Pixels of each recorded frame that are neither black nor white nor grey.
  std::vector<int> coloured_pixels() const {
    const auto outcome = run_shell(
        "gst-launch-1.0 -q filesrc location=" + recording() +
        " ! decodebin ! videoconvert ! pngenc ! multifilesink location=" + (folder_ / "%d.png").string());
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::vector<int> counts;
    for (int i = 0; fs::exists(folder_ / (std::to_string(i) + ".png")); ++i) {
      const cv::Mat picture = cv::imread((folder_ / (std::to_string(i) + ".png")).string());
      const auto coloured = [](const cv::Vec3b& pixel) {
        return std::max({pixel[0], pixel[1], pixel[2]}) - std::min({pixel[0], pixel[1], pixel[2]}) > 60;
      };
      counts.push_back(
          static_cast<int>(std::count_if(picture.begin<cv::Vec3b>(), picture.end<cv::Vec3b>(), coloured)));
    }
    return counts;
  }

  const TempFolder folder_;
  std::optional<BackgroundProcess> camera_;
};

TEST_F(Rtsp, WhatACameraShowsIsAnnotatedUntilItEnds) {
  constexpr int kFrames = 40;
  const auto outcome = run_script("rtsp-to-file.sh", arguments(start_camera(kFrames)), "THRESHOLD=0.05");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const auto coloured = coloured_pixels();
  EXPECT_GT(coloured.size(), 0U);
  EXPECT_LE(coloured.size(), static_cast<std::size_t>(kFrames))
      << "busy cores leave frames out, none comes twice";
  EXPECT_THAT(coloured, ::testing::Each(::testing::Gt(100))) << "frames without boxes";
}

TEST_F(Rtsp, ACameraThatVanishesEndsTheRecordingWell) {
  const auto url = start_camera(100'000);
  BackgroundProcess recorder(script_command("rtsp-to-file.sh", arguments(url)));
  ASSERT_TRUE(
      eventually([&] { return fs::exists(recording()) && fs::file_size(recording()) > 1000; }, seconds(60)))
      << "nothing is recorded";
  camera_->end();
  EXPECT_EQ(recorder.wait(seconds(60)), 0) << "hangs or fails";
  EXPECT_GT(frame_times(recording()).size(), 0U) << "the file cannot be played";
}

TEST_F(Rtsp, ACameraThatIsNotThereIsOneError) {
  const auto url = start_camera(1);
  const auto elsewhere = run_script("rtsp-to-file.sh", arguments(url + "-upstairs"));
  EXPECT_NE(elsewhere.code, 0);
  EXPECT_THAT(elsewhere.err, HasSubstr("Not Found (404)"));
  camera_->end();
  const auto nowhere = run_script("rtsp-to-file.sh", arguments(url));
  EXPECT_NE(nowhere.code, 0);
  EXPECT_THAT(nowhere.err, HasSubstr("Failed to connect"));
  for (const auto& outcome : {elsewhere, nowhere}) {
    EXPECT_EQ(std::ranges::count_if(lines_of(outcome.err),
                                    [](const auto& line) { return line.starts_with("ERROR: from element"); }),
              1)
        << outcome.err;
  }
}

}  // namespace
}  // namespace rcnn::launch
