// SPDX-License-Identifier: MIT
#include "engine/files/unfinished_files.hpp"  // First: proves the header is self-contained.

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <list>
#include <set>
#include <string>
#include <thread>

#include "engine/files/pending_file.hpp"
#include "tests/support/files.hpp"

namespace rcnn::engine {
namespace {

using tests::read_text;
using tests::TempFolder;
using tests::write_text;

namespace fs = std::filesystem;

constexpr int kEnded = 7;

class UnfinishedFilesDeathTest : public ::testing::Test {
 protected:
  UnfinishedFilesDeathTest() { GTEST_FLAG_SET(death_test_style, "fast"); }
  /// Objects of `before` live until the end: where a signal ends a process no destructor runs.
  static void expect_end(const std::function<void()>& before) {
    EXPECT_EXIT(before(), ::testing::ExitedWithCode(kEnded), "");
  }
  [[noreturn]] static void end() {
    remove_unfinished_files();
    std::_Exit(kEnded);
  }
};

TEST_F(UnfinishedFilesDeathTest, GoWithTheProcessAndFinishedOnesStay) {
  const TempFolder folder;
  std::list<UnfinishedFile> unfinished;
  expect_end([&] {
    for (const char* name : {"one", "two"}) {
      write_text(folder / name, "half");
      unfinished.emplace_back(folder / name);
    }
    write_text(folder / "old", "whole");
    PendingFile overwritten(folder / "old");
    write_text(overwritten.path(), "half");
    {
      PendingFile pending(folder / "done");
      write_text(pending.path(), "whole");
      pending.commit();
      const UnfinishedFile over(folder / "over");
      write_text(folder / "over", "whole");
    }
    unfinished.emplace_back(folder / "never made");
    end();
  });
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder.path())) left.insert(entry.path().filename());
  EXPECT_EQ(left, (std::set<std::string>{"done", "old", "over"}));
  EXPECT_EQ(read_text(folder / "old"), "whole");
}

TEST_F(UnfinishedFilesDeathTest, NoneIsBegunOnceTheProcessEnds) {
  const TempFolder folder;
  expect_end([&] {
    remove_unfinished_files();
    std::thread([&] {
      const PendingFile late(folder / "late");
      write_text(late.path(), "half");
      for (;;) ::pause();
    }).detach();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::_Exit(kEnded);
  });
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST_F(UnfinishedFilesDeathTest, MoreThanTheTableHoldsDoNoHarm) {
  const TempFolder folder;
  expect_end([&] {
    std::list<UnfinishedFile> files;
    for (int i = 0; i < kMostUnfinishedFiles + 3; ++i) {
      const auto file = folder / std::to_string(i);
      write_text(file, "half");
      files.emplace_back(file);
    }
    files.pop_front();  // Leaves room, as does one that had none.
    files.pop_back();
    files.emplace_back(folder / std::to_string(kMostUnfinishedFiles));
    end();
  });
  // The first was done with; of the three beyond the table one found room.
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 3);
}

}  // namespace
}  // namespace rcnn::engine
