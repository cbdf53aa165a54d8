// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// Type of the elements of an array in a file.
struct ElementType {
  enum class Kind : std::uint8_t { kFloat, kBrainFloat, kSigned, kUnsigned, kBool };
  Kind kind = Kind::kFloat;
  std::uint8_t bytes = 4;
  bool operator==(const ElementType&) const = default;
};

/// How an array lies in the bytes that hold it.
struct StoredArray {
  ElementType type;
  bool swapped = false;  ///< Byte order is not this machine's
  Shape shape;
  Shape strides;            ///< In elements, one per axis
  std::int64_t offset = 0;  ///< Of the first element, in elements
  bool operator==(const StoredArray&) const = default;
};

/// Product of the extents; nullopt where one is negative or the product is beyond 2^40.
std::optional<std::uint64_t> checked_count(const Shape& shape);
/// Strides of an array without gaps: last axis fastest, or first axis fastest (Fortran order).
Shape packed_strides(const Shape& shape, bool fortran = false);
/// Elements from the first of the storage to the last that the array reaches; nullopt where a stride or the
/// offset is negative or the sum is beyond 2^40.
std::optional<std::uint64_t> reach(const StoredArray& array);

/// The elements as f32 in row-major order. Values outside f32 become infinite, as NumPy's astype does.
/// \throws ModelError if `bytes` is shorter than the array reaches; readers check that before and name the
/// tensor.
std::vector<float> to_f32(const StoredArray& array, std::span<const std::byte> bytes);

}  // namespace rcnn::engine
