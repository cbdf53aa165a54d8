// SPDX-License-Identifier: MIT
#include "engine/ops/platform.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <sstream>
#include <string>

#include "tests/support/processor_flags.hpp"

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

// Hypervisors may name it as they like; what is kept in JSON has to be UTF-8.
TEST(Platform, KeepsOfANameWhatIsAscii) {
  std::istringstream cpuinfo("model name\t: QEMU \xe9 CPU\nmodel\t: 6\n");
  EXPECT_EQ(processor_name(cpuinfo), "QEMU ? CPU 6");
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

#if defined(__x86_64__)
// The suite runs held to these instruction sets, too (tests/CMakeLists.txt).
TEST(Platform, MultipliesWhatTheProcessorHasAndOneDnnMayUse) {
  const char* const held = std::getenv("ONEDNN_MAX_CPU_ISA");
  const std::string isa = held != nullptr ? held : "ALL";
  if (!std::set<std::string>{"ALL", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI"}.contains(isa)) {
    GTEST_SKIP() << "held to " << isa;
  }
  const bool all = isa == "ALL";
  EXPECT_EQ(multiplies_int8(), (tests::kernel_lists("avx512_vnni") && (all || isa == "AVX512_CORE_VNNI")) ||
                                   (tests::kernel_lists("avx_vnni") && (all || isa == "AVX2_VNNI")));
  EXPECT_EQ(multiplies_bf16(), tests::kernel_lists("avx512_bf16") && all);
  EXPECT_EQ(multiplies_tiles(), tests::kernel_lists("amx_tile") && all);
}
#endif

}  // namespace
}  // namespace rcnn::engine
