// SPDX-License-Identifier: MIT
#include "launch/pipe_reader.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <future>

#include "launch/commands.hpp"
#include "tests/launch/background_process.hpp"
#include "tests/launch/detect_fixture.hpp"

namespace rcnn::launch {
namespace {

using ::testing::HasSubstr;

TEST(PipeReaderTest, HoldsTheReaderUntilTheWriterHasOpened) {
  const TempFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  auto read = std::async(std::launch::async, [&] { return read_text(folder / "pipe"); });
  {
    const PipeReader reader(folder / "pipe");
    write_text(folder / "pipe", "results");
  }
  EXPECT_EQ(read.get(), "results");
}

TEST(PipeReaderTest, AsksNothingOfFilesAndDevices) {
  const TempFolder folder;
  const PipeReader none(folder / "none"), device("/dev/null");
  EXPECT_FALSE(std::filesystem::exists(folder / "none"));
}

TEST_F(DetectTest, OneSignalEndsTheWaitForAPipesReader) {
  ASSERT_EQ(::mkfifo((out_ / "pipe").c_str(), 0600), 0);
  for (const int signal : {SIGINT, SIGTERM}) {
    BackgroundProcess process(tests::built_file("launch/neuron-rcnn") + " detect -m " +
                              tests::tiny_model().string() + " " + images() + "/a.png --json " +
                              (out_ / "pipe").string() + " 2>" + (out_ / "err").string());
    std::this_thread::sleep_for(std::chrono::seconds(2));
    kill(process.pid(), signal);
    EXPECT_EQ(process.wait(std::chrono::seconds(20)), kFailed);
    EXPECT_THAT(read_text(out_ / "err"), HasSubstr("pipe': interrupted while nobody read"));
  }
}

}  // namespace
}  // namespace rcnn::launch
