// SPDX-License-Identifier: MIT
#include "launch/inputs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "launch/image_file.hpp"
#include "tests/launch/launch_support.hpp"
#include "tests/support/as_nobody.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> names(const ExpandedInputs& expanded) {
  std::vector<std::string> found;
  for (const auto& input : expanded.inputs) found.push_back(input.name);
  return found;
}

class Inputs : public ::testing::Test {
 protected:
  Inputs() {
    fs::create_directories(folder_ / "sub");
    fs::create_directories(folder_ / ".hidden");
    for (const char* name :
         {"b.jpg", "a.PNG", "note.txt", "clip.mp4", "sub/c.webp", ".hidden/d.jpg", ".e.jpg"}) {
      write_text(folder_ / name, "x");
    }
  }
  const TempFolder folder_;
};

TEST_F(Inputs, FolderGivesItsImagesSortedAndBelowItself) {
  const auto expanded = expand_inputs({folder_.path().string()});
  EXPECT_THAT(names(expanded), ElementsAre("a.PNG", "b.jpg", "sub/c.webp"));
  EXPECT_THAT(expanded.problems, IsEmpty());
}

TEST_F(Inputs, AnnotatedCopiesWhereResultsGoArePassedOver) {
  write_image(make_picture(8, 8), folder_ / "sub/deep/a.png");
  write_image(make_picture(8, 8), folder_ / "b.jpg");
  const auto all = folder_.path().string();
  EXPECT_THAT(names(expand_inputs({all})), ElementsAre("a.PNG", "b.jpg", "sub/c.webp", "sub/deep/a.png"));
  EXPECT_THAT(names(expand_inputs({all}, folder_ / "elsewhere")), ::testing::SizeIs(4));
  const auto output = folder_ / "sub/../sub/";
  EXPECT_THAT(names(expand_inputs({all}, output)), ElementsAre("a.PNG", "b.jpg", "sub/c.webp"))
      << "what nobody annotated is somebody's own";
  EXPECT_THAT(names(expand_inputs({(folder_ / "*").string()}, output)),
              ElementsAre("a.PNG", "b.jpg", "clip.mp4", "note.txt", "c.webp"));
  EXPECT_THAT(names(expand_inputs({(folder_ / "sub/deep/a.png").string()}, output)), ElementsAre("a.png"))
      << "named by itself";
  const auto none = expand_inputs({(folder_ / "sub/deep").string()}, output);
  EXPECT_THAT(names(none), IsEmpty());
  EXPECT_THAT(none.problems, ElementsAre(HasSubstr("nothing but annotated copies of earlier runs in ")));
  const auto others = expand_inputs({(folder_ / "b.jpg").string(), (folder_ / "sub/deep").string()}, output);
  EXPECT_THAT(names(others), ElementsAre("b.jpg"));
  EXPECT_THAT(others.problems, IsEmpty());
}

TEST_F(Inputs, KindsAreToldApart) {
  cv::imwrite((folder_ / "picture.png").string(), make_picture(8, 8));
  fs::rename(folder_ / "picture.png", folder_ / "picture");
  const auto expanded = expand_inputs({(folder_ / "b.jpg").string(), (folder_ / "clip.mp4").string(),
                                       (folder_ / "picture").string(), "/dev/video0", "rtsp://host/stream"});
  ASSERT_EQ(expanded.inputs.size(), 5U);
  EXPECT_EQ(expanded.inputs[0].kind, InputKind::kImage);
  EXPECT_EQ(expanded.inputs[1].kind, InputKind::kVideo);
  EXPECT_EQ(expanded.inputs[2].kind, InputKind::kImage) << "by content";
  EXPECT_EQ(expanded.inputs[3].kind, InputKind::kCamera);
  EXPECT_EQ(expanded.inputs[4].kind, InputKind::kVideo);
  EXPECT_EQ(expanded.inputs[4].path, "rtsp://host/stream");
}

TEST_F(Inputs, GlobsExpandSortedWithBraces) {
  const auto expanded = expand_inputs({(folder_ / "*.{jpg,PNG}").string()});
  EXPECT_THAT(names(expanded), ElementsAre("b.jpg", "a.PNG"));  // One brace alternative after the other.
}

TEST_F(Inputs, FileWhoseNameLooksLikeAGlobIsThatFile) {
  write_text(folder_ / "odd[1].jpg", "x");
  const auto expanded = expand_inputs({(folder_ / "odd[1].jpg").string()});
  EXPECT_THAT(names(expanded), ElementsAre("odd[1].jpg"));
}

TEST_F(Inputs, SharedNamesBecomeWholePaths) {
  fs::create_directories(folder_ / "other");
  write_text(folder_ / "other/b.jpg", "x");
  const auto first = (folder_ / "b.jpg").string();
  const auto second = (folder_ / "other/b.jpg").string();
  EXPECT_THAT(names(expand_inputs({first, second})), ElementsAre(first, second));
}

TEST_F(Inputs, PathsThatAreOthersNamesAreToldApart) {
  for (const char* name : {"a", "b"}) fs::create_directories(folder_ / name);
  for (const char* name : {"a/1.jpg", "b/1.jpg"}) write_text(folder_ / name, "x");
  const auto before = fs::current_path();
  fs::current_path(folder_.path());
  fs::create_directories("set/a");
  write_text("set/a/1.jpg", "x");
  EXPECT_THAT(names(expand_inputs({"set", "a/1.jpg", "b/1.jpg"})),
              ElementsAre("set/a/1.jpg", "a/1.jpg", "b/1.jpg"));
  EXPECT_THAT(names(expand_inputs({"a/1.jpg", "a/1.jpg"})), ElementsAre("a/1.jpg", "a/1.jpg"))
      << "one image given twice";
  fs::current_path(before);
}

TEST_F(Inputs, FilmsOfJpegsAreVideos) {
  write_image(make_picture(8, 8), folder_ / "film.jpg");
  fs::rename(folder_ / "film.jpg", folder_ / "film.MJPEG");
  fs::copy(folder_ / "film.MJPEG", folder_ / "film.mjpg");
  for (const char* name : {"film.MJPEG", "film.mjpg"})
    EXPECT_EQ(expand_inputs({(folder_ / name).string()}).inputs.at(0).kind, InputKind::kVideo) << name;
}

TEST(IsUri, NamesWithColonsAreFiles) {
  for (const char* uri : {"rtsp://host/a", "file:///a.mp4", "http://host:80/a"})
    EXPECT_TRUE(is_uri(uri)) << uri;
  for (const char* file : {"cam1:front.mp4", "rec-2024-01-01T12:30:00.mp4", "a/b://c.mp4", "://a", "file:/a"})
    EXPECT_FALSE(is_uri(file)) << file;
}

TEST_F(Inputs, PipesAreProblemsAndNotWaitedFor) {
  const auto pipe = folder_ / "pipe.mp4";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto expanded = expand_inputs({pipe.string(), (folder_ / "clip.mp4").string()});
  EXPECT_THAT(names(expanded), ElementsAre("clip.mp4"));
  EXPECT_THAT(expanded.problems, ElementsAre(HasSubstr("pipe.mp4' is a pipe or socket")));
}

TEST_F(Inputs, EmptyFolderAndIdleGlobAreProblemsTheRestGoesOn) {
  fs::create_directories(folder_ / "empty");
  const auto expanded = expand_inputs(
      {(folder_ / "empty").string(), (folder_ / "*.gif").string(), (folder_ / "b.jpg").string()});
  EXPECT_THAT(expanded.problems, ElementsAre(HasSubstr("holds no images"), HasSubstr("Nothing matches")));
  EXPECT_THAT(names(expanded), ElementsAre("b.jpg"));
}

TEST_F(Inputs, FolderThatCannotBeReadIsNamedAndTheRestGoesOn) {
  for (const char* name : {"a-closed", "sub/closed", "z-closed"}) {
    fs::create_directories(folder_ / name);
    fs::permissions(folder_ / name, fs::perms::none);
  }
  fs::permissions(folder_.path(), static_cast<fs::perms>(0755));
  const auto expanded = [&] {
    const tests::AsNobody nobody;
    return expand_inputs({folder_.path().string()});
  }();
  EXPECT_THAT(names(expanded), ElementsAre("a.PNG", "b.jpg", "sub/c.webp"));
  EXPECT_THAT(expanded.problems,
              ::testing::UnorderedElementsAre(HasSubstr("a-closed' to its end: Permission denied"),
                                              HasSubstr("sub/closed'"), HasSubstr("z-closed'")));
}

TEST_F(Inputs, LinksToFoldersAreFollowedAndNeverInCircles) {
  const TempFolder elsewhere;
  write_text(elsewhere / "f.jpg", "x");
  fs::create_directory_symlink(elsewhere.path(), folder_ / "linked");
  fs::create_directory_symlink(folder_.path(), folder_ / "sub/up");
  fs::create_directory_symlink("here", folder_ / "here");
  const auto expanded = expand_inputs({folder_.path().string()});
  EXPECT_THAT(names(expanded), ElementsAre("a.PNG", "b.jpg", "linked/f.jpg", "sub/c.webp"));
  EXPECT_THAT(expanded.problems, IsEmpty());
}

}  // namespace
}  // namespace rcnn::launch
