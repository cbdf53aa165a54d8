// SPDX-License-Identifier: MIT
// The launch lines of launch/*.sh, run headless.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/launch/tiny_files.hpp"

namespace rcnn::launch {
namespace {

using ::testing::HasSubstr;

TEST(Scripts, FileToFileKeepsEveryFrameAndItsTime) {
  const TempFolder folder;
  write_clip(folder / "in.mp4", 10);
  const auto outcome =
      run_script("file-to-file.sh", tests::tiny_model().string() + " " + (folder / "in.mp4").string() + " " +
                                        (folder / "out.mp4").string());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(frame_times(folder / "out.mp4"), frame_times(folder / "in.mp4"));
}

TEST(Scripts, FolderOfImagesKeepsNamesAndSizes) {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "in");
  cv::imwrite((folder / "in/first shot.jpg").string(), make_picture(160, 120, 1));
  cv::imwrite((folder / "in/second.jpg").string(), make_picture(96, 200, 2));
  const auto outcome =
      run_script("folder-of-images.sh", tests::tiny_model().string() + " " + (folder / "in").string() + " " +
                                            (folder / "out").string());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(cv::imread((folder / "out/first shot.jpg").string()).size(), cv::Size(160, 120));
  EXPECT_EQ(cv::imread((folder / "out/second.jpg").string()).size(), cv::Size(96, 200));
}

TEST(Scripts, FolderOfImagesNamesWhatCannotBeDecodedAndKeepsTheOthersNames) {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "in");
  cv::imwrite((folder / "in/1.jpg").string(), make_picture(160, 120, 1));
  write_text(folder / "in/2.jpg", read_text(folder / "in/1.jpg").substr(0, 300));
  std::filesystem::copy_file(tests::source_file("tests/launch/data/cmyk.jpg"), folder / "in/3.jpg");
  cv::imwrite((folder / "in/4.jpg").string(), make_picture(96, 200, 2));
  const auto outcome =
      run_script("folder-of-images.sh", tests::tiny_model().string() + " " + (folder / "in").string() + " " +
                                            (folder / "out").string());
  EXPECT_EQ(outcome.code, 1);
  const auto lines = lines_of(outcome.err);
  ASSERT_EQ(lines.size(), 2U) << outcome.err;
  EXPECT_THAT(lines[0], HasSubstr("in/2.jpg' cannot be decoded"));
  EXPECT_THAT(lines[1], HasSubstr("in/3.jpg' cannot be decoded"));
  EXPECT_EQ(cv::imread((folder / "out/1.jpg").string()).size(), cv::Size(160, 120));
  EXPECT_EQ(cv::imread((folder / "out/4.jpg").string()).size(), cv::Size(96, 200));
  EXPECT_FALSE(std::filesystem::exists(folder / "out/2.jpg"));
  EXPECT_FALSE(std::filesystem::exists(folder / "out/3.jpg"));
}

TEST(Scripts, CameraRecordsALiveSource) {
  const TempFolder folder;
  const auto outcome =
      run_script("camera.sh", tests::tiny_model().string() + " " + (folder / "out.mp4").string(),
                 "SOURCE='videotestsrc is-live=true num-buffers=15'");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_GT(frame_times(folder / "out.mp4").size(), 0U);
}

TEST(Scripts, RtspToFileRecordsALiveSource) {
  const TempFolder folder;
  const auto outcome = run_script(
      "rtsp-to-file.sh", tests::tiny_model().string() + " rtsp://none/ " + (folder / "out.mp4").string(),
      "SOURCE='videotestsrc is-live=true num-buffers=15'");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_GT(frame_times(folder / "out.mp4").size(), 0U);
}

TEST(Scripts, MosaicShowsFourFilesInOne) {
  const TempFolder folder;
  std::string inputs;
  for (int i = 0; i < 4; ++i) {
    const auto clip = folder / ("in" + std::to_string(i) + ".mp4");
    write_clip(clip, 6, 160 + 32 * i, 120);
    inputs += " " + clip.string();
  }
  const auto outcome =
      run_script("mosaic.sh", tests::tiny_model().string() + inputs + " " + (folder / "out.mp4").string());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(frame_times(folder / "out.mp4").size(), 6U);
}

TEST(Scripts, JsonLinesHasOneObjectAFrame) {
  const TempFolder folder;
  write_clip(folder / "in.mp4", 4);
  const auto outcome =
      run_script("json-lines.sh", tests::tiny_model().string() + " " + (folder / "in.mp4").string(),
                 "NEURON_RCNN=" + tests::built_file("launch/neuron-rcnn"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::istringstream lines(outcome.out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_TRUE(nlohmann::json::parse(line).is_object());
  }
  EXPECT_EQ(count, 4);
}

TEST(Scripts, CropPerDetectionWritesAnImageForEachObject) {
  const TempFolder folder;
  write_clip(folder / "in.mp4", 3);
  const auto model_and_clip = tests::tiny_model().string() + " " + (folder / "in.mp4").string();
  const auto outcome = run_script("crop-per-detection.sh", model_and_clip + " " + (folder / "20%d").string(),
                                  "THRESHOLD=0.05");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto found = run_script("json-lines.sh", model_and_clip + " --threshold 0.05",
                                "NEURON_RCNN=" + tests::built_file("launch/neuron-rcnn"));
  ASSERT_EQ(found.code, 0) << found.err;
  std::size_t objects = 0;
  std::size_t images = 0;
  for (const auto& line : lines_of(found.out)) objects += nlohmann::json::parse(line).at("objects").size();
  for (const auto& file : std::filesystem::directory_iterator(folder / "20%d")) {
    EXPECT_FALSE(cv::imread(file.path().string()).empty()) << file.path();
    ++images;
  }
  EXPECT_GT(images, 0U);
  EXPECT_EQ(images, objects);
}

TEST(Scripts, LiveViewShowsALiveSource) {
  const auto outcome =
      run_script("live-view.sh", tests::tiny_model().string(),
                 "SOURCE='videotestsrc is-live=true num-buffers=10' SINK='fakesink sync=false'");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST(Scripts, WrongUsePrintsTheUsage) {
  for (const char* name : {"file-to-file.sh", "folder-of-images.sh", "camera.sh", "rtsp-to-file.sh",
                           "mosaic.sh", "json-lines.sh", "crop-per-detection.sh", "live-view.sh"}) {
    const auto outcome = run_script(name, "");
    EXPECT_EQ(outcome.code, 2) << name;
    EXPECT_THAT(outcome.err, HasSubstr(std::string("usage: ") + name));
  }
  EXPECT_EQ(run_script("camera.sh", "m.rcnn out.mp4 /dev/no-camera").code, 1);
  EXPECT_EQ(run_script("live-view.sh", "m.rcnn /dev/no-camera").code, 1);
  EXPECT_EQ(run_script("folder-of-images.sh", "m.rcnn /dev out").code, 1);
}

// What is written to is emptied when it is opened: refusals come before.
TEST(Scripts, WhatIsReadIsNeverReplaced) {
  const TempFolder folder;
  const auto model = tests::tiny_model().string();
  const auto clip = (folder / "in.mp4").string();
  write_clip(clip, 2);
  std::filesystem::create_symlink(clip, folder / "link.mp4");
  std::filesystem::create_directories(folder / "photos");
  const auto photo = (folder / "photos/000000.jpg").string();
  cv::imwrite(photo, make_picture(160, 120, 1));
  const auto clip_before = read_text(clip);
  const auto photo_before = read_text(photo);
  const auto photos = (folder / "photos").string();
  for (const auto& [name, arguments] : std::vector<std::pair<std::string, std::string>>{
           {"file-to-file.sh", model + " " + clip + " " + clip},
           {"file-to-file.sh", model + " " + clip + " " + (folder / "link.mp4").string()},
           {"mosaic.sh", model + " " + model + " " + model + " " + clip + " " + model + " " + clip},
           {"folder-of-images.sh", model + " " + photos + " " + photos},
           {"crop-per-detection.sh", model + " " + photo + " " + photos}}) {
    const auto outcome = run_script(name, arguments);
    EXPECT_EQ(outcome.code, 1) << name;
    EXPECT_THAT(outcome.err, HasSubstr("give the output another name")) << name;
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
  }
  EXPECT_EQ(read_text(clip), clip_before);
  EXPECT_EQ(read_text(photo), photo_before);
}

TEST(Scripts, AMistypedNameLeavesEarlierResults) {
  const TempFolder folder;
  const auto model = tests::tiny_model().string();
  const auto earlier = (folder / "earlier.mp4").string();
  const auto clip = (folder / "in.mp4").string();
  write_clip(clip, 2);
  write_text(earlier, "a result");
  for (const auto& [name, arguments] : std::vector<std::pair<std::string, std::string>>{
           {"file-to-file.sh", model + " nope.mp4 " + earlier},
           {"file-to-file.sh", "nope.rcnn " + clip + " " + earlier},
           {"mosaic.sh", model + " " + clip + " " + clip + " " + clip + " nope.mp4 " + earlier},
           {"rtsp-to-file.sh", "nope.rcnn rtsp://none/ " + earlier}}) {
    const auto outcome = run_script(name, arguments);
    EXPECT_EQ(outcome.code, 1) << name;
    EXPECT_THAT(outcome.err, HasSubstr("cannot be read")) << name;
    EXPECT_THAT(outcome.err, HasSubstr("'nope.")) << name;
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
    EXPECT_EQ(read_text(earlier), "a result") << name;
  }
  EXPECT_EQ(run_script("camera.sh", "nope.rcnn " + earlier, "SOURCE=videotestsrc").code, 1);
  EXPECT_EQ(read_text(earlier), "a result");
}

}  // namespace
}  // namespace rcnn::launch
