// SPDX-License-Identifier: MIT
#include "engine/files/pending_file.hpp"

#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "tests/support/files.hpp"

namespace rcnn::engine {
namespace {

using tests::read_text;
using tests::TempFolder;
using tests::write_text;

namespace fs = std::filesystem;

TEST(PendingFile, AppearsOnCommitOnly) {
  const TempFolder folder;
  const auto target = folder / "new/results.json";
  {
    PendingFile pending(target);
    write_text(pending.path(), "whole");
    EXPECT_FALSE(fs::exists(target));
    EXPECT_EQ(pending.path().extension(), ".json") << "encoders choose by the extension";
    pending.commit();
  }
  EXPECT_EQ(read_text(target), "whole");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "new"), fs::directory_iterator()), 1);
}

TEST(PendingFile, LeavesTheOldFileWhereTheWorkFailed) {
  const TempFolder folder;
  const auto target = folder / "results.json";
  write_text(target, "old");
  {
    PendingFile pending(target);
    write_text(pending.path(), "half");
  }
  EXPECT_EQ(read_text(target), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(PendingFile, ReplacesWhatALinkPointsTo) {
  const TempFolder folder;
  write_text(folder / "real", "old");
  fs::create_symlink(folder / "real", folder / "link");
  PendingFile pending(folder / "link");
  write_text(pending.path(), "new");
  pending.commit();
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_text(folder / "real"), "new");
}

TEST(PendingFile, MakesWhatALinkPointsTo) {
  const TempFolder folder;
  fs::create_symlink("real", folder / "link");
  EXPECT_EQ(written_place(folder / "link"), folder / "real");
  PendingFile pending(folder / "link");
  write_text(pending.path(), "new");
  pending.commit();
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_text(folder / "real"), "new");
}

TEST(PendingFile, TakesNamesOfAnyLengthThatThereIs) {
  const TempFolder folder;
  const auto target = folder / (std::string(250, 'x') + ".json");
  PendingFile pending(target);
  write_text(pending.path(), "new");
  EXPECT_EQ(pending.path().extension(), ".json");
  pending.commit();
  EXPECT_EQ(read_text(target), "new");
}

TEST(PendingFile, WritesDevicesInPlace) {
  PendingFile pending("/dev/null");
  EXPECT_EQ(pending.path(), "/dev/null");
  pending.commit();
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(PendingFile, RefusesFoldersByName) {
  const TempFolder folder;
  try {
    const PendingFile pending(folder.path());
    FAIL() << "took a folder for a file";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("is a folder"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace rcnn::engine
