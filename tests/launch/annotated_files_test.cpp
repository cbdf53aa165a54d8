// SPDX-License-Identifier: MIT
#include "launch/annotated_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "tests/launch/launch_support.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Input image(const std::string& name) { return {"/in/" + name, InputKind::kImage, name}; }

std::string refusal(const std::vector<Input>& inputs, const fs::path& output) {
  try {
    annotated_files(inputs, output);
  } catch (const engine::SettingError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(AnnotatedFiles, FolderKeepsNamesAndSubfolders) {
  EXPECT_THAT(annotated_files({image("a.jpg"), image("sub/b.png")}, "out"),
              ElementsAre(fs::path("out/a.jpg"), fs::path("out/sub/b.png")));
}

TEST(AnnotatedFiles, VideosBecomeMp4) {
  EXPECT_THAT(annotated_files({{"/in/a.mkv", InputKind::kVideo, "a.mkv"},
                               {"/dev/video0", InputKind::kCamera, "/dev/video0"},
                               {"rtsp://host/x", InputKind::kVideo, "rtsp://host/x"}},
                              "out"),
              ElementsAre(fs::path("out/a.mp4"), fs::path("out/dev/video0.mp4"), fs::path("out/host_x.mp4")));
}

TEST(AnnotatedFiles, GreyFormatsBecomePng) {
  EXPECT_THAT(annotated_files({image("a.pgm"), image("b.PBM"), image("c.ppm"), image("a.png")}, "out"),
              ElementsAre(fs::path("out/a.png"), fs::path("out/b.png"), fs::path("out/c.ppm"),
                          fs::path("out/a-2.png")));
  EXPECT_THAT(refusal({image("a.pgm")}, "seen.pgm"), HasSubstr("in colour: give a name that ends in .jpg"));
}

TEST(AnnotatedFiles, NamesThatMeetAreNumbered) {
  EXPECT_THAT(annotated_files({image("a.jpg"),
                               image("a.jpg"),
                               {"/in/v.mp4", InputKind::kVideo, "v.mp4"},
                               {"/in/v.avi", InputKind::kVideo, "v.avi"}},
                              "out"),
              ElementsAre(fs::path("out/a.jpg"), fs::path("out/a-2.jpg"), fs::path("out/v.mp4"),
                          fs::path("out/v-2.mp4")));
}

TEST(AnnotatedFiles, ResultsStayBelowTheFolder) {
  EXPECT_THAT(annotated_files({image("../../etc/a.jpg"), image("/abs/b.jpg")}, "out"),
              ElementsAre(fs::path("out/etc/a.jpg"), fs::path("out/abs/b.jpg")));
}

TEST(AnnotatedFiles, OneInputMayNameItsFile) {
  EXPECT_THAT(annotated_files({image("a.jpg")}, "seen.png"), ElementsAre(fs::path("seen.png")));
  EXPECT_THAT(annotated_files({{"/in/v.mkv", InputKind::kVideo, "v.mkv"}}, "seen.mp4"),
              ElementsAre(fs::path("seen.mp4")));
  EXPECT_THAT(refusal({image("a.jpg"), image("b.jpg")}, "seen.png"),
              HasSubstr("one file, but there are 2 inputs"));
  EXPECT_THAT(refusal({image("a.jpg")}, "seen.mp4"), HasSubstr("does not suit"));
}

// seen.avi was a folder of that name once.
TEST(AnnotatedFiles, UnknownExtensionsAreNoFolders) {
  const Input video{"/in/v.mkv", InputKind::kVideo, "v.mkv"};
  for (const char* name : {"seen.avi", "seen.mkv", "seen.xyz", "-", "seen.jpg"}) {
    EXPECT_THAT(refusal({video}, name), HasSubstr("a name that ends in .mp4, or a folder (a / at")) << name;
  }
  for (const char* name : {"seen.xyz", "-", "seen.gif"}) {
    EXPECT_THAT(refusal({image("a.jpg")}, name), HasSubstr("a name that ends in .jpg or .png, or")) << name;
  }
  EXPECT_THAT(refusal({image("a.jpg"), image("b.jpg")}, "seen.xyz"), HasSubstr("give a folder (a / at"));
  EXPECT_EQ(refusal({image("a.jpg")}, "seen.xyz/"), "accepted");
  const TempFolder folder;
  fs::create_directory(folder / "seen.v2");
  EXPECT_THAT(annotated_files({image("a.jpg")}, folder / "seen.v2"), ElementsAre(folder / "seen.v2/a.jpg"));
  write_text(folder / "plain", "a file");
  EXPECT_THAT(refusal({image("a.jpg")}, folder / "plain"), HasSubstr("does not suit"));
}

}  // namespace
}  // namespace rcnn::launch
