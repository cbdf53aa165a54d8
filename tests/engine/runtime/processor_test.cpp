// SPDX-License-Identifier: MIT
#include "engine/runtime/processor.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace rcnn::engine {
namespace {

/// Whether the kernel lists the flag among those of the first processor.
bool kernel_lists(const std::string& flag) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      if (word == flag) return true;
    }
    return false;
  }
  return false;
}

TEST(CpuMultiplies, SaysWhatTheKernelSays) {
#if defined(__x86_64__)
  EXPECT_EQ(cpu_multiplies("bf16"), kernel_lists("avx512_bf16"));
  EXPECT_EQ(cpu_multiplies("fp16"), kernel_lists("avx512_fp16"));
#elif defined(__aarch64__)
  EXPECT_EQ(cpu_multiplies("bf16"), kernel_lists("bf16"));
  EXPECT_EQ(cpu_multiplies("fp16"), kernel_lists("asimdhp"));
#endif
  EXPECT_TRUE(cpu_multiplies("f32"));
  EXPECT_FALSE(cpu_multiplies("int3"));
}

}  // namespace
}  // namespace rcnn::engine
