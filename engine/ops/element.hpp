// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace rcnn::engine {

/// How values lie in memory outside of kernels that are compiled for one instruction set. Integers stand for
/// themselves times a step.
enum class Element : std::uint8_t { kF32, kBf16, kU8, kS8 };

class Format;
Element element_of(const Format& format);

}  // namespace rcnn::engine
