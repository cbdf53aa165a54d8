// SPDX-License-Identifier: MIT
#include "launch/detect_video.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "elements/register.hpp"
#include "engine/errors.hpp"
#include "tests/launch/recording_sink.hpp"
#include "tests/launch/tiny_files.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DetectVideo : public ::testing::Test {
 protected:
  DetectVideo() {
    gst_init(nullptr, nullptr);
    elements::register_static_plugin();
  }
  static Input video(const fs::path& file) {
    return {file.string(), InputKind::kVideo, file.filename().string()};
  }
  /// A live source of test pictures in the place of a camera.
  static VideoJob camera(const fs::path& annotated) {
    return {{"/dev/video0", InputKind::kCamera, "/dev/video0"}, annotated, "videotestsrc"};
  }
  std::string refusal(const VideoJob& job, const DetectOptions& options) {
    try {
      detect_video(job, options, sink_);
    } catch (const engine::Error& error) {
      return error.what();
    }
    return "accepted";
  }

  const TempFolder folder_;
  const DetectOptions options_{.model = tests::tiny_model()};
  RecordingSink sink_;
};

TEST_F(DetectVideo, ResultsComeInOrderWithTimesAndSizes) {
  write_clip(folder_ / "in.mp4", 12);
  detect_video({video(folder_ / "in.mp4"), {}}, options_, sink_);
  const auto times = frame_times(folder_ / "in.mp4");
  ASSERT_EQ(sink_.results.size(), times.size());
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(sink_.results[i].frame, i);
    EXPECT_EQ(sink_.results[i].pts_ns, times[i]);
    EXPECT_EQ(sink_.results[i].image, (engine::Size{160, 120}));
  }
  EXPECT_GT(sink_.objects(), 0U);
  EXPECT_GT(sink_.progress_calls, 0);
}

TEST_F(DetectVideo, OddSizesAreEncodedWhole) {
  write_clip(folder_ / "in.mp4", 5, 161, 121, ",format=Y444");
  detect_video({video(folder_ / "in.mp4"), folder_ / "seen.mp4"}, options_, sink_);
  EXPECT_EQ(frame_times(folder_ / "seen.mp4").size(), 5U);
  EXPECT_EQ(sink_.results.front().image, (engine::Size{161, 121}));
}

// Longer than all queues together: what follows the limit must not come back as an error.
TEST_F(DetectVideo, FrameLimitEndsTheFileWell) {
  write_clip(folder_ / "in.mp4", 400);
  auto options = options_;
  options.frames = 4;
  detect_video({video(folder_ / "in.mp4"), folder_ / "seen.mp4"}, options, sink_);
  EXPECT_EQ(sink_.results.size(), 4U);
  EXPECT_EQ(frame_times(folder_ / "seen.mp4").size(), 4U);
}

TEST_F(DetectVideo, CameraRecordsUntilTheFrameLimit) {
  auto options = options_;
  options.frames = 6;
  detect_video(camera(folder_ / "seen.mp4"), options, sink_);
  EXPECT_EQ(sink_.results.size(), 6U);
  EXPECT_EQ(frame_times(folder_ / "seen.mp4").size(), 6U);
}

TEST_F(DetectVideo, CtrlCEndsACameraWell) {
  std::thread impatient([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    ::kill(::getpid(), SIGINT);
  });
  detect_video(camera(folder_ / "seen.mp4"), options_, sink_);
  impatient.join();
  EXPECT_GT(sink_.results.size(), 0U);
  EXPECT_EQ(frame_times(folder_ / "seen.mp4").size(), sink_.results.size());
  EXPECT_EQ(sink_.events.back().substr(0, 5), "found") << "an ended camera is no failure";
}

TEST_F(DetectVideo, RefusalsNameTheReasonAndLeaveNoFile) {
  write_text(folder_ / "text.mp4", "no video");
  write_clip(folder_ / "in.mp4", 3);
  EXPECT_THAT(refusal({video(folder_ / "none.mp4"), {}}, options_), HasSubstr("no such file"));
  EXPECT_THAT(refusal({video(folder_ / "text.mp4"), folder_ / "seen.mp4"}, options_), HasSubstr("text.mp4"));
  EXPECT_THAT(refusal({video(folder_ / "in.mp4"), folder_ / "seen.mp4"}, {.model = "none.rcnn"}),
              HasSubstr("none.rcnn"));
  EXPECT_FALSE(fs::exists(folder_ / "seen.mp4"));
  EXPECT_THAT(sink_.results, IsEmpty());
}

TEST_F(DetectVideo, CoresThatAreNotThereAreASettingError) {
  write_clip(folder_ / "in.mp4", 3);
  auto options = options_;
  options.cores = "77";
  EXPECT_THROW(detect_video({video(folder_ / "in.mp4"), {}}, options, sink_), engine::SettingError);
}

TEST_F(DetectVideo, SoundAloneIsRefusedNotWaitedFor) {
  const auto made = run_shell("gst-launch-1.0 -q audiotestsrc num-buffers=20 ! wavenc ! filesink location=" +
                              (folder_ / "sound.wav").string());
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(refusal({video(folder_ / "sound.wav"), {}}, options_), HasSubstr("no video"));
}

}  // namespace
}  // namespace rcnn::launch
