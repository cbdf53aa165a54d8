// SPDX-License-Identifier: MIT
#include "launch/diagnostics.hpp"

#include <gtest/gtest.h>

#include <iostream>

namespace rcnn::launch {
namespace {

TEST(Diagnostics, MessagesBecomeOneLine) {
  EXPECT_EQ(one_line("two\nlines\n"), "two lines");
  EXPECT_EQ(one_line("a\r\n\tb"), "a b");
  EXPECT_EQ(one_line("known are:\n  one\n  two\nChoose."), "known are: one, two Choose.");
}

TEST(Diagnostics, OwnWordsAreHeardWhileLibrariesAreQuiet) {
  ::testing::internal::CaptureStderr();
  {
    const QuietErrorStream quiet;
    std::cerr << "chatter\n" << std::flush;
    print_error("a\nproblem");
  }
  std::cerr << "again\n" << std::flush;
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "neuron-rcnn: a problem\nagain\n");
}

}  // namespace
}  // namespace rcnn::launch
