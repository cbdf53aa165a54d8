// SPDX-License-Identifier: MIT
#include "engine/ops/platform.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace rcnn::engine {
namespace {

TEST(Platform, NamesTheFirstProcessorOnly) {
  std::istringstream cpuinfo(
      "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC\n"
      "stepping\t: 1\ncpu MHz\t\t: 2445.4\n\nprocessor\t: 1\nmodel name\t: Another\n");
  EXPECT_EQ(processor_name(cpuinfo), "AMD EPYC 25 1 1");
}

TEST(Platform, NamesArmProcessorsByPart) {
  std::istringstream cpuinfo(
      "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n");
  EXPECT_EQ(processor_name(cpuinfo), "0x41 0xd40");
}

TEST(Platform, DoesWithoutCpuinfo) {
  std::istringstream nothing;
  EXPECT_EQ(processor_name(nothing), "unknown processor");
}

// The name of the file that keeps measurements: it may not change from call to call.
TEST(Platform, NamesTheLibrariesAndTheirInstructionSets) {
  EXPECT_THAT(platform(), ::testing::MatchesRegex(".+; oneDNN [0-9.]+ isa [0-9]+; .+"));
  EXPECT_EQ(platform(), platform());
}

}  // namespace
}  // namespace rcnn::engine
