// SPDX-License-Identifier: MIT
#include "engine/runtime/processor.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

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

TEST(AllowedCpus, AreThoseThatTheThreadIsBoundTo) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  EXPECT_EQ(allowed_cpus(), CPU_COUNT(&allowed));
  int bound = 0;
  std::thread([&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
      if (CPU_ISSET(cpu, &allowed)) CPU_SET(cpu, &one);
    }
    if (sched_setaffinity(0, sizeof(one), &one) == 0) bound = allowed_cpus();
  }).join();
  EXPECT_EQ(bound, 1);
}

}  // namespace
}  // namespace rcnn::engine
