// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/simd/instruction_sets.hpp"
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
  const auto checks = check_processor();
  EXPECT_THAT(checks.at(checks.size() - 2).found,
              ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+, instruction set .+"));
}

TEST(DoctorProcessor, HighwayTellsItsInstructionSet) {
  EXPECT_EQ(check_processor().back().found, "instruction set " + engine::instruction_set());
}

}  // namespace
}  // namespace rcnn::launch
