// SPDX-License-Identifier: MIT
#include "engine/model/checksum.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/model/checkpoint_builders.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Checksum, IsXxh3sInSixteenDigits) {
  EXPECT_EQ(checksum(std::string()), "2d06800538d394c2") << "as xxHash itself gives it";
  EXPECT_NE(checksum(std::string("a")), checksum(std::string("b")));
}

TEST(Checksum, OfAFileIsThatOfItsBytes) {
  // Less than a piece, whole pieces, and some bytes more.
  for (const std::size_t size : {std::size_t{1}, std::size_t{1} << 20, (std::size_t{3} << 20) + 17}) {
    std::string bytes(size, 'x');
    bytes.back() = 'y';
    EXPECT_EQ(file_checksum(tests::TempFile(bytes).path()), checksum(bytes)) << size;
  }
}

TEST(Checksum, OfWhatIsNoFileIsRefused) {
  const tests::TempFolder folder;
  EXPECT_THAT(tests::refusal([&] { file_checksum(folder / "none"); }),
              AllOf(HasSubstr("none"), HasSubstr("cannot be opened")));
  EXPECT_THAT(tests::refusal([&] { file_checksum(folder.path()); }), HasSubstr("not a regular file"));
  EXPECT_THAT(tests::refusal([&] { file_checksum("/dev/zero"); }), HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace rcnn::engine
