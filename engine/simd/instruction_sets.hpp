// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace rcnn::engine {

/// NEURON_EMU_ISA holds Highway's operators to an instruction set ("AVX2") and what is below it, so that a
/// machine can compute what lesser ones do, to the last bit. oneDNN's are held by its own
/// ONEDNN_MAX_CPU_ISA.

/// The instruction set that Highway's operators run with here: "AVX3", "AVX2", ... Thread safety: thread-safe.
std::string instruction_set();

/// \throws SettingError naming what is accepted, if NEURON_EMU_ISA is none of it. Thread safety: reentrant.
void check_instruction_set_setting();

/// Does what NEURON_EMU_ISA says; a wrong value holds nothing, and is refused where the NeuronCores' settings
/// are read. \returns whether anything is held. Thread safety: thread-bound, before the first operator runs.
bool hold_instruction_sets() noexcept;

/// Operators choose their instruction set when they first run, once for the process: included by every file of
/// theirs, this is in time for all of them.
inline const bool kInstructionSetsHeld = hold_instruction_sets();

}  // namespace rcnn::engine
