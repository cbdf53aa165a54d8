// SPDX-License-Identifier: MIT
#include "launch/unfinished_artifacts.hpp"  // First: proves the header is self-contained.

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/compile/artifact.hpp"
#include "tests/launch/tiny_files.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;

constexpr int kEnded = 7;

// Of trials, which calibration makes too, InterruptedRuns tells.
TEST(UnfinishedArtifactsDeathTest, NothingIsLeftBesideTheArtifactThatWasThere) {
  GTEST_FLAG_SET(death_test_style, "fast");  // In this very folder.
  const TempFolder folder;
  const auto file = folder / "m.rcnn";
  const auto count = [&] { return std::distance(fs::directory_iterator(folder.path()), {}); };
  write_text(file, "old");
  const auto model = engine::compile(tests::tiny_config(), tests::tiny_checkpoint(), {});
  EXPECT_EXIT(
      {
        const UnfinishedArtifacts unfinished(file);
        engine::write_artifact(model, file, [&](int done, int, const std::string&) {
          if (done != 3 || count() != 2) return;
          engine::remove_unfinished_files();
          std::_Exit(kEnded);
        });
      },
      ::testing::ExitedWithCode(kEnded), "");
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(read_text(file), "old");
}

}  // namespace
}  // namespace rcnn::launch
