// SPDX-License-Identifier: MIT
#include "engine/model/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/model/checksum.hpp"
#include "tests/engine/model/checkpoint_builders.hpp"
#include "tests/engine/model/zip_archive.hpp"

namespace rcnn::engine {
namespace {

using ::testing::HasSubstr;
using tests::fixture;
using tests::raw;
using tests::read_text;
using tests::refusal;
using tests::refusal_of_bytes;

std::vector<std::string> small_checkpoints() {
  std::vector<std::string> files;
  for (int protocol = 0; protocol <= 5; ++protocol) {
    files.push_back(read_text(fixture("numpy_protocol_" + std::to_string(protocol) + ".pkl")));
  }
  files.push_back(read_text(fixture("training.pth")));
  files.push_back(
      tests::safetensors(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "12345678"));
  return files;
}

TEST(Checkpoint, KindIsToldFromContentNotFromName) {
  const auto file = testing::TempDir() + "renamed.safetensors";
  std::ofstream(file, std::ios::binary) << read_text(fixture("numpy_protocol_2.pkl"));
  EXPECT_EQ(read_checkpoint(file).format, "pkl");
  EXPECT_EQ(read_checkpoint(file).file, file);
  std::filesystem::remove(file);
}

/// Of two scalars by these names, in each format that such can be written in here.
std::vector<std::string> files_of(const std::string& first, const std::string& second) {
  const std::string scalar =
      "cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'f4'\ntRS'\\x00\\x00\\x80?'\ntR";
  const auto numbers = "(S'" + first + "'\nI1\nS'" + second + "'\nI2\nd";
  const auto entry = [](const std::string& name, int begin) {
    return "\"" + name + R"(":{"dtype":"F32","shape":[],"data_offsets":[)" + std::to_string(begin) + "," +
           std::to_string(begin + 4) + "]}";
  };
  return {"(S'" + first + "'\n" + scalar + "S'" + second + "'\n" + scalar + "d.",
          tests::zip_of({{"w/data.pkl", "(S'model'\n" + numbers + "d."}}),
          tests::safetensors("{" + entry(first, 0) + "," + entry(second, 4) + "}", "12345678")};
}

// Training's wrappers, whichever the format; names that not all parameters begin with are their own.
TEST(Checkpoint, PrefixesOfAllParametersAreTakenOffInEveryFormat) {
  const auto names = [](const std::string& bytes) {
    std::vector<std::string> found;
    for (const auto& [name, tensor] : parse_checkpoint(tests::bytes_of(bytes), "w").tensors)
      found.push_back(name);
    return found;
  };
  for (const std::string prefix : {"module.", "model.", "_orig_mod.", "module._orig_mod.", "model.module."}) {
    for (const auto& bytes : files_of(prefix + "a", prefix + "b.c")) {
      EXPECT_THAT(names(bytes), ::testing::ElementsAre("a", "b.c")) << prefix;
    }
  }
  for (const auto& bytes : files_of("a", "module.b")) {
    EXPECT_THAT(names(bytes), ::testing::ElementsAre("a", "module.b"));
  }
}

TEST(Checkpoint, KnowsItsFileByItsContents) {
  for (const auto& bytes : small_checkpoints()) {
    EXPECT_EQ(read_checkpoint(tests::TempFile(bytes).path()).checksum, checksum(bytes));
  }
}

TEST(Checkpoint, FilesOfOtherKindsAreNamed) {
  EXPECT_THAT(refusal([] { read_checkpoint(fixture("legacy.pth")); }), HasSubstr("before 1.6"));
  // With pickle_protocol=4 a frame goes before the same number.
  EXPECT_THAT(refusal_of_bytes(
                  raw("\x80\x04\x95\x0d\0\0\0\0\0\0\0\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")),
              HasSubstr("before 1.6"));
  EXPECT_THAT(refusal([] { read_checkpoint("/nonexistent/weights.pkl"); }), HasSubstr("cannot be opened"));
  EXPECT_THAT(refusal([] { read_checkpoint("/"); }), HasSubstr("not a regular file"));
  EXPECT_THAT(refusal([] { read_checkpoint("/dev/zero"); }), HasSubstr("not a regular file"));
  EXPECT_THAT(refusal_of_bytes("<!DOCTYPE html>"), HasSubstr("web page"));
  EXPECT_THAT(refusal_of_bytes("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("Git LFS"));
  EXPECT_THAT(refusal_of_bytes(raw("\x89HDF\r\n\x1a\n")), HasSubstr("HDF5"));
  EXPECT_THAT(refusal_of_bytes("hello"), HasSubstr("no checkpoint"));
  EXPECT_THAT(refusal_of_bytes(""), HasSubstr("empty"));
}

// A cut-off file is refused wherever it is cut, never read as a smaller model.
TEST(Checkpoint, EveryPrefixIsRefused) {
  for (const auto& file : small_checkpoints()) {
    for (std::size_t length = 0; length < file.size(); ++length) {
      EXPECT_FALSE(refusal_of_bytes(file.substr(0, length)).empty())
          << "at " << length << " of " << file.size();
    }
  }
}

// Whatever bits turn over, the outcome is tensors or a ModelError: no crash, no hang, no flood of memory.
TEST(Checkpoint, FlippedBytesNeverCrash) {
  std::mt19937 random(20240229);
  const auto files = small_checkpoints();
  int read = 0;
  for (int round = 0; round < 6000; ++round) {
    auto file = files[static_cast<std::size_t>(round) % files.size()];
    for (auto flips = 1 + random() % 4; flips > 0; --flips) {
      file[random() % file.size()] = static_cast<char>(random());
    }
    try {
      const auto checkpoint = parse_checkpoint(tests::bytes_of(file), "fuzzed");
      std::uint64_t values = 0;
      for (const auto& [name, tensor] : checkpoint.tensors) {
        EXPECT_EQ(static_cast<std::int64_t>(tensor.values->size()), element_count(tensor.shape));
        values += tensor.values->size();
      }
      EXPECT_LE(values, 4 * file.size());
      ++read;
    } catch (const ModelError&) {
    }
  }
  EXPECT_GT(read, 100);  // Flips in the values themselves leave a sound file.
}

}  // namespace
}  // namespace rcnn::engine
