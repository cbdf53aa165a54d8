// SPDX-License-Identifier: MIT
#include "launch/diagnostics.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <iostream>
#include <thread>

namespace rcnn::launch {
namespace {

TEST(Diagnostics, MessagesBecomeOneLine) {
  EXPECT_EQ(one_line("two\nlines\n"), "two lines");
  EXPECT_EQ(one_line("a\r\n\tb"), "a b");
  EXPECT_EQ(one_line("known are:\n  one\n  two\nChoose."), "known are: one, two Choose.");
}

TEST(Diagnostics, ControlCharactersDoNotReachTheTerminal) {
  EXPECT_EQ(one_line("a\x1b[2Jb\a\x7f.png"), "a?[2Jb??.png");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m T\xc3\xbcr \xe2\x82\xac\n"),
            "?31m T\xc3\xbcr \xe2\x82\xac?");
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

TEST(Diagnostics, WhatLibrariesPrintPastTheStreamsIsHeldBackAndTold) {
  ::testing::internal::CaptureStderr();
  {
    QuietErrorStream quiet;
    std::fputs("Corrupt JPEG data\nmore\n", stderr);  // As libjpeg does.
    std::fputs("neuron-rcnn: warning: of a logger\n", stderr);
    EXPECT_EQ(quiet.end(), "Corrupt JPEG data");
    EXPECT_EQ(quiet.end(), "");
    std::fputs("heard\n", stderr);
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "neuron-rcnn: warning: of a logger\nheard\n");
}

// One thread decodes while another reports.
TEST(Diagnostics, NoWordIsLostBetweenThreads) {
  ::testing::internal::CaptureStderr();
  std::thread decoding([] {
    for (int i = 0; i < 300; ++i) {
      const QuietErrorStream quiet;
      std::fputs("chatter\n", stderr);
    }
  });
  for (int i = 0; i < 300; ++i) print_error("word");
  decoding.join();
  std::string expected;
  for (int i = 0; i < 300; ++i) expected += "neuron-rcnn: word\n";
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), expected);
}

}  // namespace
}  // namespace rcnn::launch
