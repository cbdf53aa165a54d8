// SPDX-License-Identifier: MIT
#include "engine/runtime/processor.hpp"

#include <sched.h>

#include <algorithm>
#include <thread>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace rcnn::engine {

#if defined(__x86_64__)
namespace {

// Intel's Architecture Instruction Set Extensions reference, CPUID leaf 7. GCC 12 and Clang 14 know not all
// of these by a name.
bool has_avx512_bf16() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 5 & 1) != 0;
}
bool has_avx_vnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4 & 1) != 0;
}
bool has_avx512_fp16() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d >> 23 & 1) != 0;
}

}  // namespace
#endif

bool cpu_multiplies(const std::string& precision) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool usable = __builtin_cpu_supports("avx512f") != 0;  // The system saves its registers, too.
  if (precision == "bf16") return usable && has_avx512_bf16();
  if (precision == "fp16") return usable && has_avx512_fp16();
  if (precision == "int8") {
    return (usable && __builtin_cpu_supports("avx512vnni") != 0) ||
           (__builtin_cpu_supports("avx2") != 0 && has_avx_vnni());
  }
#elif defined(__aarch64__)
  if (precision == "bf16") return (getauxval(AT_HWCAP2) & HWCAP2_BF16) != 0;
  if (precision == "fp16") return (getauxval(AT_HWCAP) & HWCAP_ASIMDHP) != 0;
  if (precision == "int8") return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#endif
  return precision == "f32";
}

int allowed_cpus() {
  cpu_set_t allowed;
  // Refused where there are more CPUs than fit into a cpu_set_t.
  const int count = sched_getaffinity(0, sizeof(allowed), &allowed) == 0
                        ? CPU_COUNT(&allowed)
                        : static_cast<int>(std::thread::hardware_concurrency());
  return std::max(count, 1);
}

}  // namespace rcnn::engine
