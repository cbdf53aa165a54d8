// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor/tensor.hpp"

namespace rcnn::tests {

/// The arrays of a NumPy `.npz` archive (or of one `.npy` file, under its stem), read whole, in C order
/// whatever order the file keeps them in.
///
/// Thread safety: reentrant; const methods are thread-safe.
class Npz {
 public:
  /// \throws std::runtime_error naming the file and the array: unreadable, foreign, truncated, or of a type
  ///         without a DType.
  explicit Npz(const std::filesystem::path& file);

  std::vector<std::string> names() const;  ///< Sorted
  bool has(const std::string& name) const;
  const engine::Shape& shape(const std::string& name) const;
  engine::DType dtype(const std::string& name) const;

  /// Borrowed until the Npz dies. \throws std::runtime_error if there is no such array or it has another
  /// type.
  std::span<const float> f32(const std::string& name) const {
    return values<float>(name, engine::DType::kF32);
  }
  std::span<const double> f64(const std::string& name) const {
    return values<double>(name, engine::DType::kF64);
  }
  std::span<const std::uint8_t> u8(const std::string& name) const {
    return values<std::uint8_t>(name, engine::DType::kU8);
  }
  std::span<const std::int8_t> s8(const std::string& name) const {
    return values<std::int8_t>(name, engine::DType::kS8);
  }
  std::span<const std::int32_t> s32(const std::string& name) const {
    return values<std::int32_t>(name, engine::DType::kS32);
  }
  std::span<const std::int64_t> s64(const std::string& name) const {
    return values<std::int64_t>(name, engine::DType::kS64);
  }

 private:
  struct Array {
    engine::Shape shape;
    engine::DType dtype = engine::DType::kF32;
    std::vector<std::byte> bytes;
  };
  static Array parse(const std::vector<std::byte>& file, const std::string& name);
  const Array& array(const std::string& name) const;
  const Array& typed(const std::string& name, engine::DType dtype) const;
  template <typename T>
  std::span<const T> values(const std::string& name, engine::DType dtype) const {
    const auto& bytes = typed(name, dtype).bytes;  // operator new aligns for every T above.
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }

  std::filesystem::path file_;
  std::map<std::string, Array> arrays_;
};

}  // namespace rcnn::tests
