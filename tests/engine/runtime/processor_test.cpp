// SPDX-License-Identifier: MIT
#include "engine/runtime/processor.hpp"

#include <gtest/gtest.h>

#include "tests/support/processor_flags.hpp"

namespace rcnn::engine {
namespace {

TEST(CpuMultiplies, SaysWhatTheKernelSays) {
#if defined(__x86_64__)
  EXPECT_EQ(cpu_multiplies("bf16"), tests::kernel_lists("avx512_bf16"));
  EXPECT_EQ(cpu_multiplies("fp16"), tests::kernel_lists("avx512_fp16"));
  EXPECT_EQ(cpu_multiplies("int8"), tests::kernel_lists("avx512_vnni") || tests::kernel_lists("avx_vnni"));
#elif defined(__aarch64__)
  EXPECT_EQ(cpu_multiplies("bf16"), tests::kernel_lists("bf16"));
  EXPECT_EQ(cpu_multiplies("fp16"), tests::kernel_lists("asimdhp"));
#endif
  EXPECT_TRUE(cpu_multiplies("f32"));
  EXPECT_FALSE(cpu_multiplies("int3"));
}

}  // namespace
}  // namespace rcnn::engine
