// SPDX-License-Identifier: MIT
#include "launch/detect_video.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include <csignal>
#include <thread>

#include "elements/register.hpp"
#include "engine/errors.hpp"
#include "launch/interrupt.hpp"
#include "tests/launch/recording_sink.hpp"
#include "tests/launch/stalling_demuxer.hpp"
#include "tests/launch/tiny_files.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
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

  static constexpr Patience kShort{std::chrono::milliseconds(700), std::chrono::milliseconds(300),
                                   std::chrono::milliseconds(300)};
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

TEST_F(DetectVideo, DevicesThatAreNoCamerasAreThatInputsFailureAlone) {
  for (const char* device : {"/dev/null", "/dev/zero"}) {
    try {
      detect_video({{device, InputKind::kCamera, device}, {}}, options_, sink_);
      FAIL() << "accepted " << device;
    } catch (const engine::SettingError& error) {
      FAIL() << "ends the run: " << error.what();
    } catch (const engine::Error& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr(device), HasSubstr("/dev/video0")));
    }
  }
}

TEST_F(DetectVideo, GifsAreRefusedNotReadForEver) {
  write_text(
      folder_ / "anim.gif",
      std::string("GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;",
                  35));
  EXPECT_THAT(refusal({video(folder_ / "anim.gif"), {}}, options_),
              AllOf(HasSubstr("anim.gif"), HasSubstr("ffmpeg")));
}

TEST_F(DetectVideo, FilesThatGiveNothingMoreAreGivenUp) {
  const StallingDemuxer demuxer;
  write_text(folder_ / "stalls.vid", "STALLING 3");
  VideoJob job{video(folder_ / "stalls.vid"), folder_ / "seen.mp4"};
  job.patience = kShort;
  detect_video(job, options_, sink_);
  EXPECT_EQ(sink_.results.size(), 3U);
  EXPECT_THAT(sink_.events.back(),
              AllOf(HasSubstr("failed"), HasSubstr("stalls.vid"), HasSubstr("after 3 frames")));
  EXPECT_EQ(frame_times(folder_ / "seen.mp4").size(), 3U) << "what came is kept";
  EXPECT_TRUE(is_pipeline_abandoned());
}

TEST_F(DetectVideo, SignalsEndVideosThatDoNotEnd) {
  const StallingDemuxer demuxer;
  for (const int frames : {0, 2}) {
    write_text(folder_ / "stalls.vid", "STALLING " + std::to_string(frames));
    VideoJob job{video(folder_ / "stalls.vid"), folder_ / "seen.mp4"};
    job.patience = kShort;
    job.patience.source = std::chrono::hours(1);
    std::thread impatient([] {
      std::this_thread::sleep_for(std::chrono::milliseconds(700));
      ::kill(::getpid(), SIGTERM);
    });
    detect_video(job, options_, sink_);
    impatient.join();
    EXPECT_THAT(sink_.events.back(), HasSubstr(fmt::format("interrupted after {} frames", frames)));
    EXPECT_EQ(fs::exists(folder_ / "seen.mp4"), frames > 0);
  }
}

TEST_F(DetectVideo, FilesThatWereCutOffSayWhereTheyEnd) {
  write_mkv(folder_ / "in.mkv", 100);
  cut(folder_ / "in.mkv", 0.55);
  detect_video({video(folder_ / "in.mkv"), folder_ / "seen.mp4"}, options_, sink_);
  EXPECT_THAT(sink_.events.back(),
              AllOf(HasSubstr("failed"), HasSubstr("in.mkv"), HasSubstr("of 4.0 s: it was cut off")));
  EXPECT_EQ(frame_times(folder_ / "seen.mp4").size(), sink_.results.size()) << "what there was is kept";
  RecordingSink limited;
  auto options = options_;
  options.frames = 5;
  detect_video({video(folder_ / "in.mkv"), {}}, options, limited);
  EXPECT_EQ(limited.events.size(), 5U) << "no end is missed that was not to be reached";
}

TEST_F(DetectVideo, SoundMayBeLongerThanTheVideo) {
  make_by_gst(
      "videotestsrc num-buffers=50 ! video/x-raw,width=160,height=120,framerate=25/1 ! x264enc ! m.video_0 "
      "audiotestsrc num-buffers=300 ! avenc_aac ! m.audio_0 mp4mux name=m",
      folder_ / "in.mp4");
  detect_video({video(folder_ / "in.mp4"), {}}, options_, sink_);
  EXPECT_EQ(sink_.results.size(), 50U);
  EXPECT_EQ(sink_.events.size(), 50U) << sink_.events.back();
}

// What such files say of their length is reckoned from the last page, of sound as of pictures.
TEST_F(DetectVideo, SoundMayBeLongerThanTheVideoInOgg) {
  make_by_gst(
      "videotestsrc num-buffers=12 ! video/x-raw,width=160,height=128,framerate=30/1 ! theoraenc ! queue ! "
      "m. "
      "audiotestsrc num-buffers=300 ! vorbisenc ! queue ! m. oggmux name=m",
      folder_ / "in.ogv");
  detect_video({video(folder_ / "in.ogv"), {}}, options_, sink_);
  EXPECT_EQ(sink_.results.size(), 12U);
  EXPECT_EQ(sink_.events.size(), 12U) << sink_.events.back();
}

// Their demuxer takes what is there for the whole.
TEST_F(DetectVideo, AvisThatWereCutOffAreSaid) {
  make_by_gst(
      "videotestsrc num-buffers=30 ! video/x-raw,width=160,height=120,framerate=25/1 ! jpegenc ! avimux",
      folder_ / "in.avi");
  detect_video({video(folder_ / "in.avi"), {}}, options_, sink_);
  EXPECT_EQ(sink_.events.size(), 30U) << sink_.events.back();
  cut(folder_ / "in.avi", 0.6);
  RecordingSink sink;
  detect_video({video(folder_ / "in.avi"), {}}, options_, sink);
  EXPECT_THAT(sink.events.back(), AllOf(HasSubstr("failed"), HasSubstr("in.avi"), HasSubstr("was cut off")));
}

// A demuxer that is told to end before it knows what it reads calls that an error.
TEST_F(DetectVideo, SignalsAtTheBeginningAreNoDamage) {
  write_clip(folder_ / "in.mp4", 500);
  for (const int milliseconds : {0, 5, 15, 40}) {
    RecordingSink sink;
    const Interrupt interrupt;
    std::thread impatient([milliseconds] {
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
      ::kill(::getpid(), SIGTERM);
    });
    EXPECT_NO_THROW(detect_video({video(folder_ / "in.mp4"), {}}, options_, sink));
    impatient.join();
    EXPECT_THAT(sink.events.back(), AllOf(HasSubstr("failed"), HasSubstr("interrupted after")));
  }
}

TEST_F(DetectVideo, FramesThatCannotBeDecodedAreSaid) {
  write_clip(folder_ / "in.mp4", 60);
  damage(folder_ / "in.mp4", 0.3, 0.5);
  detect_video({video(folder_ / "in.mp4"), {}}, options_, sink_);
  EXPECT_LT(sink_.results.size(), 60U);
  EXPECT_THAT(sink_.events.back(),
              AllOf(HasSubstr("failed"), HasSubstr("in.mp4"), HasSubstr("could not be decoded")));
}

TEST_F(DetectVideo, SizesThatCannotBeEncodedAreNamedAndCostNoResult) {
  write_clip(folder_ / "small.mp4", 3, 16, 16);
  EXPECT_THAT(refusal({video(folder_ / "small.mp4"), folder_ / "seen.mp4"}, options_), "accepted");
  EXPECT_EQ(frame_times(folder_ / "seen.mp4").size(), 3U);
  make_by_gst("videotestsrc num-buffers=3 ! video/x-raw,width=2,height=2 ! avenc_ffv1 ! matroskamux",
              folder_ / "tiny.mkv");
  RecordingSink sink;
  detect_video({video(folder_ / "tiny.mkv"), folder_ / "none.mp4"}, options_, sink);
  EXPECT_THAT(sink.events.front(), AllOf(HasSubstr("failed No annotated copy of"), HasSubstr("tiny.mkv"),
                                         HasSubstr("2x2 pixels"), HasSubstr("16x16")));
  EXPECT_EQ(sink.results.size(), 3U);
  EXPECT_EQ(sink.events.size(), 4U) << "said once";
  EXPECT_FALSE(fs::exists(folder_ / "none.mp4"));
  EXPECT_THAT(refusal({video(folder_ / "tiny.mkv"), {}}, options_), "accepted");
}

// The disk is full while frames come, or at the end, where a small file is first written.
TEST_F(DetectVideo, OutputsThatCannotBeWrittenAreNamedAndCostNoResult) {
  for (const int frames : {3, 300}) {
    write_clip(folder_ / "in.mp4", frames);
    RecordingSink sink;
    detect_video({video(folder_ / "in.mp4"), "/dev/full"}, options_, sink);
    EXPECT_EQ(sink.results.size(), static_cast<std::size_t>(frames));
    EXPECT_THAT(sink.events, ::testing::Contains(AllOf(HasSubstr("failed Cannot write '/dev/full'"),
                                                       HasSubstr("No space left"))));
    EXPECT_EQ(sink.events.size(), static_cast<std::size_t>(frames + 1)) << sink.events.back();
  }
  RecordingSink sink;
  detect_video({video(folder_ / "in.mp4"), "/proc/none/seen.mp4"}, options_, sink);
  EXPECT_THAT(sink.events.front(), HasSubstr("failed Cannot make the folder '/proc/none'"));
  EXPECT_EQ(sink.results.size(), 300U);
}

// As an IP camera sends it: pictures one after another, without a time.
TEST_F(DetectVideo, FramesWithoutTimesAreWrittenAtTheirRate) {
  make_by_gst(
      "videotestsrc num-buffers=12 ! video/x-raw,width=160,height=120,framerate=25/1 ! jpegenc ! "
      "multipartmux",
      folder_ / "in.multipart");
  detect_video({video(folder_ / "in.multipart"), folder_ / "seen.mp4"}, options_, sink_);
  EXPECT_EQ(sink_.results.size(), 12U);
  EXPECT_EQ(sink_.events.size(), 12U) << sink_.events.back();
  const auto times = frame_times(folder_ / "seen.mp4");
  ASSERT_EQ(times.size(), 12U);
  EXPECT_NEAR(static_cast<double>(times[11] - times[0]), 11 * 40e6, 1e6);
}

TEST_F(DetectVideo, PicturesInARowAreAFilm) {
  make_by_gst("videotestsrc num-buffers=12 ! video/x-raw,width=160,height=120 ! jpegenc",
              folder_ / "in.mjpeg");
  detect_video({video(folder_ / "in.mjpeg"), folder_ / "seen.mp4"}, options_, sink_);
  EXPECT_EQ(sink_.results.size(), 12U);
  EXPECT_EQ(sink_.events.size(), 12U) << sink_.events.back();
  EXPECT_EQ(frame_times(folder_ / "seen.mp4").size(), 12U);
}

TEST_F(DetectVideo, NamesWithColonsAreFiles) {
  write_clip(folder_ / "cam1:front-12:30.mp4", 3);
  const auto before = fs::current_path();
  fs::current_path(folder_.path());
  EXPECT_THAT(refusal({video("cam1:front-12:30.mp4"), {}}, options_), "accepted");
  fs::current_path(before);
  EXPECT_EQ(sink_.results.size(), 3U);
}

TEST_F(DetectVideo, SoundAloneIsRefusedNotWaitedFor) {
  const auto made = run_shell("gst-launch-1.0 -q audiotestsrc num-buffers=20 ! wavenc ! filesink location=" +
                              (folder_ / "sound.wav").string());
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(refusal({video(folder_ / "sound.wav"), {}}, options_), HasSubstr("no video"));
}

}  // namespace
}  // namespace rcnn::launch
