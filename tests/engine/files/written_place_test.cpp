// SPDX-License-Identifier: MIT
#include "engine/files/written_place.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/support/files.hpp"

namespace rcnn::engine {
namespace {

using tests::read_text;
using tests::TempFolder;
using tests::write_text;

namespace fs = std::filesystem;

/// A file that is open as a shell's `exec N>FILE` opens it.
class OpenFile {
 public:
  explicit OpenFile(const fs::path& file, int mode = O_TRUNC)
      : descriptor_(::open(file.c_str(), O_WRONLY | O_CREAT | mode, 0600)) {}
  ~OpenFile() { ::close(descriptor_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  std::string name(const std::string& folder) const { return folder + std::to_string(descriptor_); }
  void write(const std::string& text) const {
    EXPECT_EQ(::write(descriptor_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

 private:
  const int descriptor_;
};

TEST(WrittenPlace, FollowsLinksAlsoToWhatIsNotThereYet) {
  const TempFolder folder;
  fs::create_symlink("real", folder / "link");
  EXPECT_EQ(written_place(folder / "link"), folder / "real");
  EXPECT_FALSE(is_descriptor(written_place(folder / "link")));
  EXPECT_EQ(written_place("/dev/null"), "/dev/null");
}

TEST(WrittenPlace, StopsAtOpenDescriptors) {
  const TempFolder folder;
  const OpenFile file(folder / "log");
  const auto own = file.name("/proc/" + std::to_string(::getpid()) + "/fd/");
  fs::create_symlink(file.name("/dev/fd/"), folder / "link");
  for (const auto& name :
       {file.name("/dev/fd/"), file.name("/proc/self/fd/"), own, (folder / "link").string()}) {
    EXPECT_EQ(written_place(name), own);
    EXPECT_TRUE(is_descriptor(written_place(name)));
  }
  EXPECT_TRUE(is_descriptor(written_place(file.name("/proc/thread-self/fd/"))));
  EXPECT_TRUE(is_descriptor(written_place("/dev/stdout")));
}

TEST(OpenInPlace, GoesOnWhereTheDescriptorStandsAndMovesIt) {
  const TempFolder folder;
  write_text(folder / "log", "zero ");
  for (const int mode : {O_TRUNC, O_APPEND}) {
    const OpenFile file(folder / "log", mode);
    file.write("one ");
    open_in_place(written_place(file.name("/dev/fd/"))) << "two ";
    file.write("three ");
  }
  EXPECT_EQ(read_text(folder / "log"), "one two three one two three ");
}

TEST(OpenInPlace, EmptiesFilesAndMakesThem) {
  const TempFolder folder;
  write_text(folder / "old", "something longer");
  for (const char* name : {"old", "new"}) {
    open_in_place(folder / name) << "text";
    EXPECT_EQ(read_text(folder / name), "text");
  }
  EXPECT_FALSE(open_in_place(folder / "none/file").good());
}

}  // namespace
}  // namespace rcnn::engine
