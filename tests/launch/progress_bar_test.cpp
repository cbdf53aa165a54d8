// SPDX-License-Identifier: MIT
#include "launch/progress_bar.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace rcnn::launch {
namespace {

using std::chrono::milliseconds;

TEST(ProgressBar, WritesNothingWhereThereIsNoTerminal) {
  std::ostringstream out;
  {
    ProgressBar bar(out, false);
    bar.update(1, 2, "half");
    bar.clear();
  }
  EXPECT_EQ(out.str(), "");
}

TEST(ProgressBar, ShowsTheShareDoneAndTakesTheLineAway) {
  std::ostringstream out;
  {
    ProgressBar bar(out, true, milliseconds(0));
    bar.update(1, 4, "reading");
    EXPECT_NE(out.str().find("[======------------------]  25 % reading"), std::string::npos) << out.str();
  }
  EXPECT_TRUE(out.str().ends_with("\r\x1b[K"));
}

TEST(ProgressBar, RedrawsRarelyButAlwaysTheEnd) {
  std::ostringstream out;
  ProgressBar bar(out, true, std::chrono::hours(1));
  bar.update(1, 3, "one");
  bar.update(2, 3, "two");
  bar.update(3, 3, "three");
  EXPECT_NE(out.str().find("one"), std::string::npos);
  EXPECT_EQ(out.str().find("two"), std::string::npos);
  EXPECT_NE(out.str().find("100 % three"), std::string::npos);
}

TEST(ProgressBar, WithoutATotalOnlyTheNoteIsShown) {
  std::ostringstream out;
  ProgressBar bar(out, true);
  bar.update(7, 0, "frame 7");
  EXPECT_EQ(out.str(), "\r\x1b[Kframe 7");
}

TEST(ProgressBar, LongNotesDoNotWrapTheLine) {
  std::ostringstream out;
  ProgressBar bar(out, true);
  bar.update(1, 2, std::string(500, 'n'));
  EXPECT_LT(out.str().size(), 90U);
}

TEST(ProgressBar, NotesDoNotCommandTheTerminal) {
  std::ostringstream out;
  ProgressBar bar(out, true, {});
  bar.update(0, 0, "\x1b[2J.png");
  EXPECT_EQ(out.str(), "\r\x1b[K?[2J.png");
}

TEST(ProgressBar, CutsLongNotesBetweenCharacters) {
  for (int before = 38; before < 44; ++before) {
    std::ostringstream out;
    ProgressBar bar(out, true, milliseconds(0));
    std::string note(static_cast<std::size_t>(before), 'x');
    for (int i = 0; i < 10; ++i) note += "\xE2\x82\xAC";
    bar.update(1, 0, note);
    const auto shown = out.str();
    ASSERT_TRUE(shown.ends_with("...")) << shown;
    std::string euros = shown.substr(shown.rfind('x') + 1);
    euros.resize(euros.size() - 3);
    EXPECT_EQ(euros.size() % 3, 0U) << before;
  }
}

}  // namespace
}  // namespace rcnn::launch
