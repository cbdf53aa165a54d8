// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/doctor_checks.hpp"

namespace rcnn::launch {
namespace {

TEST(DoctorProcessor, NothingAboutAProcessorFails) {
  for (const auto& check : check_processor()) {
    EXPECT_NE(check.health, Health::kFail) << check.what;
    EXPECT_NE(check.found, "") << check.what;
  }
}

TEST(DoctorProcessor, OneDnnTellsVersionAndInstructionSet) {
  EXPECT_THAT(check_processor().back().found,
              ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+, instruction set .+"));
}

}  // namespace
}  // namespace rcnn::launch
