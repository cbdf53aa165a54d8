// SPDX-License-Identifier: MIT
// What is left of a run that a signal ends: as a user, a service manager or a closed terminal sends it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "launch/commands.hpp"
#include "launch/program.hpp"
#include "tests/launch/background_process.hpp"
#include "tests/launch/stalling_demuxer.hpp"
#include "tests/launch/tiny_files.hpp"
#include "tests/support/random_classifier.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::MatchesRegex;

constexpr int kImages = 4000;  // More than come out before the signal does.

class InterruptedRuns : public ::testing::TestWithParam<int> {
 protected:
  InterruptedRuns() {
    fs::create_directories(folder_ / "in");
    cv::imwrite((folder_ / "one.png").string(), make_picture(120, 90, 1));
    for (int i = 0; i < kImages; ++i) {
      fs::create_hard_link(folder_ / "one.png", folder_ / "in" / (std::to_string(i) + ".png"));
    }
  }
  /// Runs it until there is `sign`, then sends the signal, and `second`, too.
  std::optional<int> interrupt(const std::string& arguments, const std::function<bool()>& sign,
                               int second = 0) const {
    BackgroundProcess process(tests::built_file("launch/neuron-rcnn") + " " + arguments + " >" +
                              (folder_ / "out").string() + " 2>" + (folder_ / "err").string());
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!sign() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    kill(process.pid(), GetParam());
    if (second != 0) kill(process.pid(), second);
    return process.wait(std::chrono::seconds(30));
  }
  std::vector<std::string> said() const { return lines_of(read_text(folder_ / "err")); }
  std::size_t files_in(const std::string& name) const {
    std::error_code error;
    const fs::directory_iterator files(folder_ / name, error);
    return error ? 0 : static_cast<std::size_t>(std::distance(files, fs::directory_iterator()));
  }
  /// Two of one kind may come as one.
  static int another() { return GetParam() == SIGTERM ? SIGINT : SIGTERM; }
  bool has_file(const std::function<bool(const std::string&)>& is_meant) const {
    return std::ranges::any_of(fs::recursive_directory_iterator(folder_.path()),
                               [&](const auto& entry) { return is_meant(entry.path().filename().string()); });
  }
  bool leaves_hidden_files() const {
    return has_file([](const std::string& name) { return name.starts_with("."); });
  }

  const TempFolder folder_;
};

TEST_P(InterruptedRuns, ImagesThatWereSeenAreWritten) {
  for (const auto& command : {"detect --format detectron2 -m " + tests::tiny_model().string(),
                              "classify -m " + tests::tiny_classifier().string()}) {
    SCOPED_TRACE(command);
    fs::remove_all(folder_ / "seen");
    const auto code =
        interrupt(command + " " + (folder_ / "in").string() + " --output " + (folder_ / "seen").string() +
                      " --json " + (folder_ / "found.json").string(),
                  [&] { return files_in("seen") > 3; });
    EXPECT_EQ(code, kFailed);
    EXPECT_THAT(said(), ElementsAre(MatchesRegex("neuron-rcnn: interrupted after [0-9]+ of 4000 images; what "
                                                 "there was is written")));
    EXPECT_EQ(json::parse(read_text(folder_ / "found.json")).at("images").size(), files_in("seen"));
    EXPECT_FALSE(leaves_hidden_files());
  }
}

TEST_P(InterruptedRuns, VideosKeepTheirFramesAndFurtherInputsAreNamed) {
  write_clip(folder_ / "long.mp4", 3000);
  const auto code =
      interrupt("detect -m " + tests::tiny_model().string() + " " + (folder_ / "long.mp4").string() + " " +
                    (folder_ / "one.png").string() + " --output " + (folder_ / "seen").string() +
                    " --format json-lines --json -",
                [&] { return read_text(folder_ / "out").size() > 1000; });
  EXPECT_EQ(code, kFailed);
  EXPECT_THAT(said(), ElementsAre(MatchesRegex(".*long.mp4' was interrupted after [0-9]+ frames.*"),
                                  MatchesRegex(".*interrupted; 1 of 2 inputs not looked at")));
  EXPECT_EQ(frame_times(folder_ / "seen/long.mp4").size(), lines_of(read_text(folder_ / "out")).size());
  EXPECT_FALSE(leaves_hidden_files());
}

// What a signal's handler ends has no exit code.
TEST_P(InterruptedRuns, TheSecondSignalEndsDetectionAndLeavesNothingHalf) {
  write_clip(folder_ / "long.mp4", 3000);
  write_text(folder_ / "found.json", "old");
  for (const char* input : {"long.mp4", "in"}) {
    SCOPED_TRACE(input);
    EXPECT_EQ(
        interrupt(
            "detect -m " + tests::tiny_model().string() + " " + (folder_ / input).string() + " --output " +
                (folder_ / "seen/").string() + " --json " + (folder_ / "found.json").string(),
            [&] { return files_in("seen") > 0 && leaves_hidden_files(); }, another()),
        std::nullopt)
        << read_text(folder_ / "err");
    EXPECT_FALSE(leaves_hidden_files());
    EXPECT_EQ(read_text(folder_ / "found.json"), "old");
    EXPECT_FALSE(fs::exists(folder_ / "seen/long.mp4"));
  }
}

TEST_P(InterruptedRuns, TheSecondSignalEndsCalibrationAndLeavesNoTrial) {
  write_tiny_config(folder_ / "tiny.yaml");
  write_tiny_checkpoint(folder_ / "tiny.safetensors");
  write_text(folder_ / "tiny.rcnn", "old");
  fs::create_directory(folder_ / "large");
  for (const char* name : {"large/0.png", "large/1.png"})
    cv::imwrite((folder_ / name).string(), make_picture(2000, 1500, 1));  // Trials last as long as they.
  for (const std::string trial : {".trial-backbone-rpn-", ".trial-box-head-", ".trial-exact-"}) {
    SCOPED_TRACE(trial);
    const auto is_trial = [&](const std::string& name) { return name.find(trial) != std::string::npos; };
    EXPECT_EQ(
        interrupt(
            "compile --config " + (folder_ / "tiny.yaml").string() + " --weights " +
                (folder_ / "tiny.safetensors").string() + " -o " + (folder_ / "tiny.rcnn").string() +
                " --force --precision int8 --error-budget 0 --calibrate " + (folder_ / "large").string(),
            [&] { return has_file(is_trial); }, another()),
        std::nullopt)
        << read_text(folder_ / "err");
    EXPECT_FALSE(leaves_hidden_files());
    EXPECT_EQ(read_text(folder_ / "tiny.rcnn"), "old");
  }
}

INSTANTIATE_TEST_SUITE_P(Signals, InterruptedRuns, ::testing::Values(SIGINT, SIGTERM, SIGHUP));

using ClosedPipe = InterruptedRuns;

TEST_P(ClosedPipe, EndsTheRunWithOneErrorAndNoHiddenFile) {
  write_clip(folder_ / "long.mp4", 3000);
  const auto outcome =
      run_shell("( " + tests::built_file("launch/neuron-rcnn") + " detect -m " +
                tests::tiny_model().string() + " " + (folder_ / "long.mp4").string() + " --output " +
                (folder_ / "seen.mp4").string() + " --format json-lines --json -; echo $? >&2 ) | head -1");
  EXPECT_EQ(lines_of(outcome.out).size(), 1U);
  EXPECT_THAT(lines_of(outcome.err),
              ElementsAre(MatchesRegex("neuron-rcnn: Cannot write the results.*"), "1"));
  EXPECT_FALSE(leaves_hidden_files());
  const auto frames = frame_times(folder_ / "seen.mp4").size();
  EXPECT_GT(frames, 0U);
  EXPECT_LT(frames, 3000U);
}

INSTANTIATE_TEST_SUITE_P(Signals, ClosedPipe, ::testing::Values(SIGPIPE));

/// Runs a video that never ends until SIGTERM, and ends as the program does.
[[noreturn]] void run_stalling(const std::string& model, const std::string& video) {
  gst_init(nullptr, nullptr);
  const StallingDemuxer demuxer;
  std::thread impatient([] {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    kill(getpid(), SIGTERM);
  });
  impatient.detach();
  const std::array<const char*, 5> arguments{"neuron-rcnn", "detect", "-m", model.c_str(), video.c_str()};
  std::exit(run_program(arguments.size(), arguments.data()));
}

TEST(InterruptedRunsDeathTest, ThreadsThatDoNotEndKeepNobodyWaiting) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const TempFolder folder;
  write_text(folder / "stalls.vid", "STALLING 0");
  const auto model = tests::tiny_model().string();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EXIT(run_stalling(model, (folder / "stalls.vid").string()), ::testing::ExitedWithCode(kFailed),
              "interrupted after 0 frames");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(25));
}

}  // namespace
}  // namespace rcnn::launch
