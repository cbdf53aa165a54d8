// SPDX-License-Identifier: MIT
#include "engine/model/regular_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/model/checkpoint_builders.hpp"
#include "tests/support/files.hpp"

namespace rcnn::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using tests::refusal;

std::string read_some(const RegularFile& file, std::uint64_t offset, std::size_t count) {
  std::string text(count, ' ');
  file.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

TEST(RegularFile, GivesAnyPiece) {
  const tests::TempFile path("0123456789");
  const RegularFile file(path.path(), "");
  EXPECT_EQ(file.size(), 10U);
  EXPECT_EQ(read_some(file, 3, 4), "3456");
  EXPECT_EQ(read_some(file, 10, 0), "");
}

TEST(RegularFile, AdvisesWhatToGiveInsteadOfOthers) {
  EXPECT_THAT(refusal([] { RegularFile("/dev/null", "this or that"); }),
              AllOf(HasSubstr("/dev/null: is not a regular file"), HasSubstr("give this or that")));
}

TEST(RegularFile, ThatWasCutOffIsAnErrorWhereItIsMissing) {
  const tests::TempFile path("0123456789");
  const RegularFile file(path.path(), "");
  fs::resize_file(path.path(), 5);
  EXPECT_EQ(read_some(file, 0, 5), "01234");
  EXPECT_THAT(refusal([&] { read_some(file, 3, 4); }), HasSubstr("became shorter"));
}

}  // namespace
}  // namespace rcnn::engine
