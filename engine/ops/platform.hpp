// SPDX-License-Identifier: MIT
#pragma once

#include <iosfwd>
#include <string>

namespace rcnn::engine {

/// What the speed of operators depends on: processor, oneDNN's version and instruction set, Highway's
/// instruction set: "AMD EPYC 25 1 1; oneDNN 2.6.3 isa 7; AVX2". Equal on machines that may share
/// measurements. Thread safety: thread-safe.
std::string platform();

/// Whether oneDNN has products of 8-bit integers here that do not saturate halfway and are faster than f32's:
/// those of VNNI, with AVX-512 or AVX2, unless ONEDNN_MAX_CPU_ISA forbids them. Thread safety: thread-safe.
bool multiplies_int8();

/// Whether oneDNN has products of bfloat16 here that are faster than f32's: those of AVX-512 BF16 or AMX,
/// unless ONEDNN_MAX_CPU_ISA forbids them. Thread safety: thread-safe.
bool multiplies_bf16();

/// Whether oneDNN has products of matrices of bfloat16 and 8-bit integers here: AMX, unless
/// ONEDNN_MAX_CPU_ISA forbids it. They are several times as many a second as those of vectors, by which
/// kernels of our own multiply: 1x1 layers and matrices of these types are oneDNN's then. Thread safety:
/// thread-safe.
bool multiplies_tiles();

/// Whether Winograd's method has products of bfloat16 here: those of AVX-512 BF16, where multiplies_bf16()
/// and NEURON_EMU_ISA allows it. Thread safety: thread-safe.
bool winograd_multiplies_bf16();

/// The first processor's name, family, model and stepping (on Arm implementer and part) out of Linux'
/// /proc/cpuinfo: "AMD EPYC 25 1 1"; or "unknown processor". Thread safety: reentrant.
std::string processor_name(std::istream& cpuinfo);

}  // namespace rcnn::engine
