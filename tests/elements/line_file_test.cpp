// SPDX-License-Identifier: MIT
#include "elements/line_file.hpp"  // First: proves the header is self-contained.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "engine/errors.hpp"
#include "tests/support/files.hpp"

namespace rcnn::elements {
namespace {

engine::FrameResult frame_of(const std::string& file) {
  engine::FrameResult result;
  result.file = file;
  return result;
}

TEST(LineFile, IsTheSameByEveryName) {
  const tests::TempFolder folder;
  const auto file = LineFile::open(folder / "a.jsonl");
  std::filesystem::create_symlink(folder / "a.jsonl", folder / "link");
  std::filesystem::create_hard_link(folder / "a.jsonl", folder / "twin");
  EXPECT_EQ(LineFile::open(folder / "a.jsonl"), file);
  EXPECT_EQ(LineFile::open(folder / "link"), file);
  EXPECT_EQ(LineFile::open(folder / "twin"), file);
  EXPECT_NE(LineFile::open(folder / "b.jsonl"), file);
  EXPECT_EQ(LineFile::open("-"), LineFile::open("/dev/stdout"));
}

TEST(LineFile, BeginsAnewOnceNobodyHasIt) {
  const tests::TempFolder folder;
  for (int run = 0; run < 2; ++run) LineFile::open(folder / "a.jsonl")->add(frame_of("x"));
  EXPECT_EQ(tests::lines_of(tests::read_text(folder / "a.jsonl")).size(), 1U);
}

// As where logs are rotated.
TEST(LineFile, IsAnotherWhereTheOldOneWasMovedAway) {
  const tests::TempFolder folder;
  const auto file = LineFile::open(folder / "a.jsonl");
  std::filesystem::rename(folder / "a.jsonl", folder / "a.jsonl.1");
  const auto fresh = LineFile::open(folder / "a.jsonl");
  ASSERT_NE(fresh, file);
  file->add(frame_of("old"));
  fresh->add(frame_of("new"));
  EXPECT_NE(tests::read_text(folder / "a.jsonl.1").find("old"), std::string::npos);
  EXPECT_NE(tests::read_text(folder / "a.jsonl").find("new"), std::string::npos);
}

TEST(LineFile, TakesWholeLinesFromManyThreads) {
  const tests::TempFolder folder;
  {
    std::vector<std::jthread> writers;
    const auto file = LineFile::open(folder / "a.jsonl");
    for (const char name : {'a', 'b', 'c', 'd'}) {
      writers.emplace_back([name, file] {
        for (int i = 0; i < 500; ++i) file->add(frame_of(std::string(200, name)));
      });
    }
  }
  const auto lines = tests::lines_of(tests::read_text(folder / "a.jsonl"));
  EXPECT_EQ(lines.size(), 2000U);
  for (const auto& line : lines) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

TEST(LineFile, SaysWhereItCannotWrite) {
  const tests::TempFolder folder;
  EXPECT_THROW(LineFile::open(folder / "."), engine::Error);
}

}  // namespace
}  // namespace rcnn::elements
