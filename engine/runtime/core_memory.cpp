// SPDX-License-Identifier: MIT
#include "engine/runtime/core_memory.hpp"

#include <algorithm>
#include <set>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

std::string mebibytes(std::size_t bytes) {
  const auto tenths = (bytes * 10 + (1 << 20) - 1) >> 20;  // Rounded up, so that "missing" is never 0.
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

std::string names_of(std::span<const ResidentProgram> programs, bool with_sizes) {
  std::string text;
  for (const auto& program : programs) {
    text += (text.empty() ? "'" : ", '") + program.name + "'";
    if (with_sizes) text += " (" + mebibytes(program.bytes) + ")";
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace

std::size_t CoreMemory::weights(std::span<const ResidentProgram> programs) const {
  std::set<const void*> counted;
  std::size_t bytes = 0;
  for (const auto& program : programs) {
    if (program.key == nullptr || counted.insert(program.key).second) bytes += program.bytes;
  }
  return bytes;
}

std::size_t CoreMemory::scratch(std::span<const ResidentProgram> programs) const {
  std::size_t largest = arena_;
  for (const auto& program : programs) largest = std::max(largest, program.scratch_bytes);
  return largest;
}

void CoreMemory::refuse(const std::string& what, std::size_t missing) const {
  throw DeviceError("NeuronCore " + std::to_string(core_) + " has " + mebibytes(total_) +
                    " of memory; resident: " + names_of(residents_, true) + ", scratch " +
                    mebibytes(scratch(residents_)) + ". " + what + " needs " + mebibytes(missing) +
                    " more than is free: unload a model, use placement=split over more cores, or raise "
                    "NEURON_EMU_CORE_MEMORY (MiB per core)");
}

void CoreMemory::require(std::span<const ResidentProgram> programs) const {
  auto together = residents_;
  together.insert(together.end(), programs.begin(), programs.end());
  const auto needed = weights(together) + scratch(together);
  if (needed > total_) refuse("Loading " + names_of(programs, true), needed - total_);
}

void CoreMemory::add(std::span<const ResidentProgram> programs) {
  residents_.insert(residents_.end(), programs.begin(), programs.end());
}

void CoreMemory::remove(std::span<const ResidentProgram> programs) {
  for (const auto& program : programs) {
    const auto found =
        std::find_if(residents_.begin(), residents_.end(), [&](const ResidentProgram& resident) {
          return resident.name == program.name && resident.key == program.key;
        });
    if (found != residents_.end()) residents_.erase(found);
  }
}

void CoreMemory::grow_arena(const std::string& program, std::size_t bytes) {
  const auto needed = weights(residents_) + std::max(scratch(residents_), bytes);
  if (needed > total_) refuse("The scratch of '" + program + "', " + mebibytes(bytes) + ",", needed - total_);
  arena_ = std::max(arena_, bytes);
}

}  // namespace rcnn::engine
