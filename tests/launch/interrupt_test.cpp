// SPDX-License-Identifier: MIT
#include "launch/interrupt.hpp"

#include <gtest/gtest.h>

namespace rcnn::launch {
namespace {

TEST(Interrupt, FirstSignalIsRememberedAndTheOldHandlerComesBack) {
  struct sigaction before {};
  sigaction(SIGINT, nullptr, &before);
  {
    const Interrupt interrupt;
    EXPECT_FALSE(interrupt.requested());
    std::raise(SIGINT);
    EXPECT_TRUE(interrupt.requested());
    struct sigaction now {};
    sigaction(SIGINT, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_DFL) << "a second Ctrl-C must end the process";
  }
  struct sigaction after {};
  sigaction(SIGINT, nullptr, &after);
  EXPECT_EQ(after.sa_handler, before.sa_handler);
}

}  // namespace
}  // namespace rcnn::launch
