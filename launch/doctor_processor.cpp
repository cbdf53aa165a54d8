// SPDX-License-Identifier: MIT
#include <spdlog/fmt/fmt.h>

#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <thread>

#include "engine/runtime/processor.hpp"
#include "engine/simd/instruction_sets.hpp"
#include "launch/doctor_checks.hpp"

namespace rcnn::launch {
namespace {

std::string isa_name(dnnl::cpu_isa isa) {
  switch (isa) {
    case dnnl::cpu_isa::sse41:
      return "SSE4.1";
    case dnnl::cpu_isa::avx:
      return "AVX";
    case dnnl::cpu_isa::avx2:
      return "AVX2";
    case dnnl::cpu_isa::avx2_vnni:
      return "AVX2 with VNNI";
    case dnnl::cpu_isa::avx512_core:
      return "AVX-512";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "AVX-512 with VNNI";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "AVX-512 with VNNI and bf16";
    case dnnl::cpu_isa::avx512_core_amx:
      return "AVX-512 with AMX";
    default:
      return "this processor's own";
  }
}

#if defined(__x86_64__)
Check check_features() {
  std::string features;
  const auto note = [&features](bool supported, const char* name) {
    if (supported) features += std::string(features.empty() ? "" : " ") + name;
  };
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") != 0;
  note(__builtin_cpu_supports("sse4.1") != 0, "sse4.1");
  note(avx2, "avx2");
  note(__builtin_cpu_supports("fma") != 0, "fma");
  note(__builtin_cpu_supports("avx512f") != 0, "avx512f");
  const bool avx512_vnni = __builtin_cpu_supports("avx512vnni") != 0;
  note(avx512_vnni, "avx512vnni");
  note(!avx512_vnni && engine::cpu_multiplies("int8"), "avxvnni");
  note(engine::cpu_multiplies("bf16"), "avx512bf16");
  note(engine::cpu_multiplies("fp16"), "avx512fp16");
  if (avx2) return {Health::kOk, "processor", features, ""};
  return {Health::kWarn, "processor", features.empty() ? "no vector extensions" : features,
          "works, but AVX2 would be several times faster"};
}
#else
Check check_features() {
  return {Health::kOk, "processor", "not x86-64: oneDNN and Highway choose by themselves", ""};
}
#endif

Check check_onednn() {
  const auto* version = dnnl::version();
  return {Health::kOk, "oneDNN",
          fmt::format("{}.{}.{}, instruction set {}", version->major, version->minor, version->patch,
                      isa_name(dnnl::get_effective_cpu_isa())),
          ""};
}

}  // namespace

Checks check_processor() {
  return {check_features(),
          {Health::kOk, "hardware threads",
           fmt::format("{}, of which this process may use {}", std::thread::hardware_concurrency(),
                       engine::allowed_cpus()),
           ""},
          check_onednn(),
          {Health::kOk, "Highway", "instruction set " + engine::instruction_set(), ""}};
}

}  // namespace rcnn::launch
