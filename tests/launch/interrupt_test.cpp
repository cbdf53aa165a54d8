// SPDX-License-Identifier: MIT
#include "launch/interrupt.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "engine/files/pending_file.hpp"
#include "tests/support/files.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using tests::TempFolder;
using tests::write_text;

auto handler_of(int signal) {
  struct sigaction now {};
  sigaction(signal, nullptr, &now);
  return now.sa_handler;
}

class InterruptBy : public ::testing::TestWithParam<int> {};

TEST_P(InterruptBy, FirstSignalIsRememberedAndTheOldHandlerComesBack) {
  const auto before = handler_of(GetParam());
  {
    const Interrupt interrupt;
    EXPECT_FALSE(interrupt.requested());
    std::raise(GetParam());
    EXPECT_TRUE(interrupt.requested());
  }
  EXPECT_EQ(handler_of(GetParam()), before);
}

TEST_P(InterruptBy, TheSecondSignalOfWhicheverKindEndsTheProcessAndUnfinishedFiles) {
  GTEST_FLAG_SET(death_test_style, "fast");  // In this very folder.
  const TempFolder folder;
  for (const int first : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EXIT(
        {
          const Interrupt interrupt;
          engine::PendingFile pending(folder / "results.json");
          write_text(pending.path(), "half");
          std::raise(first);
          if (!fs::exists(pending.path())) std::_Exit(1);
          std::raise(GetParam());
        },
        ::testing::KilledBySignal(GetParam()), "");
    EXPECT_TRUE(fs::is_empty(folder.path()));
  }
}

INSTANTIATE_TEST_SUITE_P(Signals, InterruptBy, ::testing::Values(SIGINT, SIGTERM, SIGHUP));

TEST(Interrupt, InnerOnesSeeWhatTheOutermostHasSeen) {
  const Interrupt outer;
  std::raise(SIGTERM);
  {
    const Interrupt inner;
    EXPECT_TRUE(inner.requested());
  }
  EXPECT_TRUE(outer.requested());
}

TEST(Interrupt, HangupsThatAreIgnoredStaySo) {
  std::signal(SIGHUP, SIG_IGN);
  {
    const Interrupt interrupt;
    std::raise(SIGHUP);
    EXPECT_FALSE(interrupt.requested());
  }
  std::signal(SIGHUP, SIG_DFL);
}

TEST(Interrupt, WritingToAPipeThatNobodyReadsFails) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);
  const Interrupt interrupt;
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

}  // namespace
}  // namespace rcnn::launch
