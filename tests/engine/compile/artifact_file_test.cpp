// SPDX-License-Identifier: MIT
#include "engine/compile/artifact_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "engine/compile/artifact.hpp"
#include "engine/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const ModelError& error) {
    return error.what();
  }
  return "accepted";
}

std::string read_some(const ArtifactFile& file, std::uint64_t offset, std::size_t count) {
  std::string text(count, ' ');
  file.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

TEST(ArtifactReading, GivesAnyPieceOfTheFile) {
  const tests::TempFolder folder;
  const auto path = folder / "a.rcnn";
  std::ofstream(path) << "0123456789";
  const ArtifactFile file(path);
  EXPECT_EQ(file.size(), 10U);
  EXPECT_EQ(read_some(file, 3, 4), "3456");
  EXPECT_EQ(read_some(file, 10, 0), "");
}

TEST(ArtifactReading, WhatIsNoFileIsRefused) {
  const tests::TempFolder folder;
  EXPECT_THAT(refusal([&] { ArtifactFile(folder / "none.rcnn"); }),
              AllOf(HasSubstr("none.rcnn"), HasSubstr("cannot be opened")));
  for (const char* path : {"/dev/null", "/"}) {
    EXPECT_THAT(refusal([&] { ArtifactFile{path}; }),
                AllOf(HasSubstr("is not a regular file"), HasSubstr("*.rcnn")));
  }
  std::ofstream(folder / "empty.rcnn");
  EXPECT_THAT(refusal([&] { ArtifactFile(folder / "empty.rcnn"); }), HasSubstr("is empty"));
}

// As `cp new.rcnn model.rcnn` does under a pipeline that loads model.rcnn: the file is cut off and written
// anew.
TEST(ArtifactReading, FileThatIsCutOffMeanwhileIsAnError) {
  const tests::TempFolder folder;
  const auto path = folder / "m.rcnn";
  fs::copy_file(tests::tiny_model(), path);
  const auto artifact = Artifact::open(path);
  fs::resize_file(path, 4096);
  const auto tensors = artifact->tensors();  // Those of the first bytes may be there still
  const auto largest =
      std::ranges::max_element(tensors, {}, [](const auto& entry) { return entry.second.bytes; });
  EXPECT_THAT(refusal([&] { artifact->weight(largest->first); }),
              AllOf(HasSubstr("m.rcnn"), HasSubstr("became shorter")));
}

TEST(ArtifactReading, FileThatIsWrittenAnewIsDamaged) {
  const tests::TempFolder folder;
  const auto path = folder / "m.rcnn";
  fs::copy_file(tests::tiny_model(), path);
  const auto artifact = Artifact::open(path);
  std::ofstream(path, std::ios::in | std::ios::out).seekp(0) << std::string(fs::file_size(path), 'x');
  EXPECT_THAT(refusal([&] { artifact->weight(artifact->tensors().begin()->first); }), HasSubstr("checksum"));
}

}  // namespace
}  // namespace rcnn::engine
