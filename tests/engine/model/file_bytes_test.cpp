// SPDX-License-Identifier: MIT
#include "engine/model/file_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/engine/model/checkpoint_builders.hpp"
#include "tests/support/files.hpp"

namespace rcnn::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(FileBytes, StaysAsItWasWhenItIsWrittenAnew) {
  const tests::TempFile path("0123456789");
  const FileBytes file(path.path());
  fs::resize_file(path.path(), 0);
  tests::write_text(path.path(), "abc");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()),
            "0123456789");
}

/// Cuts a file off and makes it as long as it was, again and again.
class Scissors {
 public:
  explicit Scissors(const fs::path& file)
      : thread_([this, file, whole = fs::file_size(file)] {
          while (!done_) {
            fs::resize_file(file, whole / 2);
            fs::resize_file(file, whole);
          }
        }) {}
  ~Scissors() {
    done_ = true;
    thread_.join();
  }
  Scissors(const Scissors&) = delete;
  Scissors& operator=(const Scissors&) = delete;

 private:
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

// As a download or `cp` over a checkpoint does under a compiler that reads it.
TEST(FileBytes, CheckpointThatIsCutOffMeanwhileIsAnError) {
  constexpr std::size_t kBytes = std::size_t{1} << 24;
  const auto end = std::to_string(kBytes);
  const tests::TempFile path(tests::safetensors(R"({"a":{"dtype":"F32","shape":[)" +
                                                    std::to_string(kBytes / 4) + R"(],"data_offsets":[0,)" +
                                                    end + "]}}",
                                                std::string(kBytes, 'x')));
  const Scissors scissors(path.path());
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool seen = false;
  while (!seen && std::chrono::steady_clock::now() < until) {
    try {
      read_checkpoint(path.path());
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), AllOf(StartsWith(path.path().string() + ": "),
                                      AnyOf(HasSubstr("became shorter"), HasSubstr("is truncated"))));
      seen = std::string(error.what()).find("became shorter") != std::string::npos;
    }
  }
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace rcnn::engine
