// SPDX-License-Identifier: MIT
#include "engine/model/stored_array.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 40;

template <typename T>
T load(const std::byte* from, bool swapped) {
  std::array<std::byte, sizeof(T)> bytes;
  std::memcpy(bytes.data(), from, sizeof(T));
  if (swapped) std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<T>(bytes);
}

float half_to_float(std::uint16_t half) {
  const auto sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU;
  const std::uint32_t mantissa = half & 0x3FFU;
  if (exponent == 0) {  // Zero or subnormal: a multiple of 2^-24, exact in f32.
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
  }
  const std::uint32_t wide = exponent == 31 ? 0x7F800000U : (exponent + 112) << 23;
  return std::bit_cast<float>(sign | wide | mantissa << 13);
}

float brain_to_float(std::uint16_t brain) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(brain) << 16);
}

/// Calls `visit` with the index of each element in the storage, in row-major order of the array.
template <typename Visit>
void for_each_index(const StoredArray& array, const Visit& visit) {
  const auto count = *checked_count(array.shape);
  auto at = static_cast<std::uint64_t>(array.offset);
  if (array.strides == packed_strides(array.shape)) {
    for (std::uint64_t index = 0; index < count; ++index) visit(at + index);
    return;
  }
  Shape position(array.shape.size(), 0);
  for (std::uint64_t index = 0; index < count; ++index) {
    visit(at);
    for (auto axis = array.shape.size(); axis-- > 0;) {
      const auto stride = static_cast<std::uint64_t>(array.strides[axis]);
      at += stride;
      if (++position[axis] < array.shape[axis]) break;
      at -= stride * static_cast<std::uint64_t>(array.shape[axis]);
      position[axis] = 0;
    }
  }
}

template <typename T, typename Convert>
std::vector<float> convert(const StoredArray& array, const std::byte* bytes, const Convert& to_float) {
  std::vector<float> values(*checked_count(array.shape));
  auto* value = values.data();
  for_each_index(array, [&](std::uint64_t index) {
    *value++ = to_float(load<T>(bytes + index * sizeof(T), array.swapped));
  });
  return values;
}

template <typename T>
std::vector<float> cast(const StoredArray& array, const std::byte* bytes) {
  return convert<T>(array, bytes, [](T value) { return static_cast<float>(value); });
}

std::vector<float> convert_floats(const StoredArray& array, const std::byte* bytes) {
  if (array.type.kind == ElementType::Kind::kBrainFloat)
    return convert<std::uint16_t>(array, bytes, [](std::uint16_t brain) { return brain_to_float(brain); });
  if (array.type.bytes == 2)
    return convert<std::uint16_t>(array, bytes, [](std::uint16_t half) { return half_to_float(half); });
  if (array.type.bytes == 8) return cast<double>(array, bytes);
  if (!array.swapped && array.strides == packed_strides(array.shape)) {  // Nearly every weight there is
    std::vector<float> values(*checked_count(array.shape));
    if (!values.empty()) {
      std::memcpy(values.data(), bytes + static_cast<std::size_t>(array.offset) * sizeof(float),
                  values.size() * sizeof(float));
    }
    return values;
  }
  return cast<float>(array, bytes);
}

std::vector<float> convert_integers(const StoredArray& array, const std::byte* bytes) {
  const bool is_signed = array.type.kind == ElementType::Kind::kSigned;
  switch (array.type.bytes) {
    case 1:
      return is_signed ? cast<std::int8_t>(array, bytes) : cast<std::uint8_t>(array, bytes);
    case 2:
      return is_signed ? cast<std::int16_t>(array, bytes) : cast<std::uint16_t>(array, bytes);
    case 4:
      return is_signed ? cast<std::int32_t>(array, bytes) : cast<std::uint32_t>(array, bytes);
    default:
      return is_signed ? cast<std::int64_t>(array, bytes) : cast<std::uint64_t>(array, bytes);
  }
}

}  // namespace

std::optional<std::uint64_t> checked_count(const Shape& shape) {
  std::uint64_t count = 1;
  for (const auto extent : shape) {
    if (extent < 0 || static_cast<std::uint64_t>(extent) > kMaxElements) return std::nullopt;
    count *= static_cast<std::uint64_t>(extent);  // Below 2^80 / 2^40: the next line keeps it from wrapping.
    if (count > kMaxElements) return std::nullopt;
    if (count == 0) return 0;
  }
  return count;
}

Shape packed_strides(const Shape& shape, bool fortran) {
  Shape strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t step = 0; step < shape.size(); ++step) {
    const auto axis = fortran ? step : shape.size() - 1 - step;
    strides[axis] = stride;
    stride *= std::max<std::int64_t>(shape[axis], 1);
  }
  return strides;
}

std::optional<std::uint64_t> reach(const StoredArray& array) {
  const auto count = checked_count(array.shape);
  if (!count || array.offset < 0 || array.strides.size() != array.shape.size()) return std::nullopt;
  if (*count == 0) return 0;
  auto last = static_cast<std::uint64_t>(array.offset);
  if (last > kMaxElements) return std::nullopt;
  for (std::size_t axis = 0; axis < array.shape.size(); ++axis) {
    const auto steps = static_cast<std::uint64_t>(array.shape[axis]) - 1;
    if (array.strides[axis] < 0) return std::nullopt;
    const auto stride = static_cast<std::uint64_t>(array.strides[axis]);
    if (steps > 0 && stride > kMaxElements / steps) return std::nullopt;
    last += steps * stride;
    if (last > kMaxElements) return std::nullopt;
  }
  return last + 1;
}

std::vector<float> to_f32(const StoredArray& array, std::span<const std::byte> bytes) {
  const auto needed = reach(array);
  if (!needed || *needed > bytes.size() / array.type.bytes) {
    throw ModelError("an array of shape " + to_string(array.shape) + " reaches beyond its " +
                     std::to_string(bytes.size()) + " bytes");
  }
  switch (array.type.kind) {
    case ElementType::Kind::kFloat:
    case ElementType::Kind::kBrainFloat:
      return convert_floats(array, bytes.data());
    case ElementType::Kind::kBool:
      return convert<std::uint8_t>(array, bytes.data(),
                                   [](std::uint8_t value) { return value == 0 ? 0.F : 1.F; });
    case ElementType::Kind::kSigned:
    case ElementType::Kind::kUnsigned:
      break;
  }
  return convert_integers(array, bytes.data());
}

}  // namespace rcnn::engine
