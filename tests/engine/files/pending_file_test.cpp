// SPDX-License-Identifier: MIT
#include "engine/files/pending_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "engine/errors.hpp"
#include "tests/support/as_nobody.hpp"
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

/// What is where temporary files go: runs of other programs leave theirs there, too.
std::size_t temporary_copies() {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(fs::temp_directory_path()))
    count += entry.path().filename().string().starts_with(".pending-file-test.") ? 1 : 0;
  return count;
}

TEST(PendingFile, OpenDescriptorsOnFilesGetItWhereTheyStand) {
  const TempFolder folder;
  const int descriptor = ::open((folder / "log").c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(::write(descriptor, "one ", 4), 4);
  const auto name = "/dev/fd/" + std::to_string(descriptor);
  {
    PendingFile pending(name);
    write_text(pending.path(), "two ");
    EXPECT_EQ(read_text(folder / "log"), "one ") << "whole or not at all";
    pending.commit();
    const PendingFile failed(name);
    write_text(failed.path(), "half");
  }
  ASSERT_EQ(::write(descriptor, "three", 5), 5);
  ::close(descriptor);
  EXPECT_EQ(read_text(folder / "log"), "one two three");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(PendingFile, FilesInFoldersThatMayNotBeChangedAreWrittenInPlace) {
  const TempFolder folder;
  const auto target = folder / "pending-file-test.json";
  write_text(target, "something longer");
  fs::permissions(target, static_cast<fs::perms>(0666));
  fs::permissions(folder.path(), static_cast<fs::perms>(0555));
  {
    const tests::AsNobody nobody;
    {
      const PendingFile failed(target);
      write_text(failed.path(), "half");
    }
    EXPECT_EQ(read_text(target), "something longer");
    PendingFile pending(target);
    write_text(pending.path(), "new");
    pending.commit();
  }
  EXPECT_EQ(read_text(target), "new");
  EXPECT_EQ(temporary_copies(), 0U);
}

// As mount points and others' files in /tmp are.
TEST(PendingFile, FilesThatMayNotBeReplacedAreWrittenInPlace) {
  const TempFolder folder;
  const auto target = folder / "results.json";
  write_text(target, "something longer");
  fs::permissions(target, static_cast<fs::perms>(0666));
  fs::permissions(folder.path(), static_cast<fs::perms>(01777));
  {
    const tests::AsNobody nobody;
    PendingFile pending(target);
    write_text(pending.path(), "new");
    pending.commit();
  }
  EXPECT_EQ(read_text(target), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(PendingFile, FilesThatMayNotBeWrittenAreRefusedBeforeTheWork) {
  const TempFolder folder;
  write_text(folder / "old.json", "old");
  fs::permissions(folder.path(), static_cast<fs::perms>(0555));
  const tests::AsNobody nobody;
  for (const char* name : {"old.json", "new.json"}) {
    try {
      const PendingFile pending(folder / name);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(std::string(name) + "': Permission denied"), std::string::npos)
          << error.what();
    }
  }
}

TEST(PendingFile, WhatCannotTakeItsPlaceIsKeptAndNamed) {
  const TempFolder folder;
  PendingFile pending(folder / "results.json");
  write_text(pending.path(), "results");
  fs::create_directory(folder / "results.json");  // By somebody else, in the meantime.
  try {
    pending.commit();
    FAIL() << "renamed to a folder";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("kept in '" + pending.path().string()), std::string::npos)
        << error.what();
  }
  EXPECT_EQ(read_text(pending.path()), "results");
}

TEST(PendingFile, TwoOfOneTargetAreApartAndOpenToAllWhomTheUmaskLets) {
  const TempFolder folder;
  const auto before = ::umask(027);
  {
    const PendingFile one(folder / "results.json"), two(folder / "results.json");
    EXPECT_NE(one.path(), two.path());
    for (const auto* pending : {&one, &two})
      EXPECT_EQ(fs::status(pending->path()).permissions(), static_cast<fs::perms>(0640));
  }
  ::umask(before);
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
