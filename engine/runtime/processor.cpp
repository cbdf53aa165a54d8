// SPDX-License-Identifier: MIT
#include "engine/runtime/processor.hpp"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace rcnn::engine {

bool cpu_multiplies(const std::string& precision) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (precision == "bf16") return __builtin_cpu_supports("avx512bf16") != 0;
  if (precision == "fp16") return __builtin_cpu_supports("avx512fp16") != 0;
#elif defined(__aarch64__)
  if (precision == "bf16") return (getauxval(AT_HWCAP2) & HWCAP2_BF16) != 0;
  if (precision == "fp16") return (getauxval(AT_HWCAP) & HWCAP_ASIMDHP) != 0;
#endif
  return precision == "f32";
}

}  // namespace rcnn::engine
