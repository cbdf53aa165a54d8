// SPDX-License-Identifier: MIT
#include "engine/tensor/tensor.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

struct DTypeRow {
  const char* name;
  std::size_t bytes;
};
constexpr std::array<DTypeRow, 10> kDTypes{{{"f32", 4},
                                            {"f16", 2},
                                            {"bf16", 2},
                                            {"f64", 8},
                                            {"s8", 1},
                                            {"u8", 1},
                                            {"s16", 2},
                                            {"s32", 4},
                                            {"s64", 8},
                                            {"bool", 1}}};
constexpr std::align_val_t kAlignment{64};  // A cache line, and one AVX-512 register.

}  // namespace

std::size_t size_of(DType dtype) { return kDTypes.at(static_cast<std::size_t>(dtype)).bytes; }

std::string to_string(DType dtype) { return kDTypes.at(static_cast<std::size_t>(dtype)).name; }

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const auto extent : shape) count *= extent;
  return count;
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (const auto extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

std::string to_string(Layout layout) {
  constexpr std::array<const char*, 4> kNames{"row-major", "nhwc", "blocked8", "blocked16"};
  return kNames.at(static_cast<std::size_t>(layout));
}

int channel_block(Layout layout) {
  return layout == Layout::kBlocked8 ? 8 : layout == Layout::kBlocked16 ? 16 : 1;
}

std::size_t TensorSpec::bytes() const {
  const auto block = channel_block(layout);
  auto stored = shape;
  if (block > 1) stored.at(1) = (stored.at(1) + block - 1) / block * block;
  return static_cast<std::size_t>(element_count(stored)) * size_of(dtype);
}

TensorMemory allocate_tensor_memory(std::size_t bytes) {
  return {new (kAlignment) std::byte[bytes],
          [](std::byte* memory) { ::operator delete[](memory, kAlignment); }};
}

Tensor::Tensor(TensorSpec spec) : spec_(std::move(spec)), bytes_(allocate_tensor_memory(spec_.bytes())) {}

Tensor::Tensor(TensorSpec spec, const TensorMemory& memory, std::size_t begin)
    : spec_(std::move(spec)), bytes_(memory, memory.get() + begin) {}

FeatureView feature_view(const Tensor& tensor) {
  const auto& spec = tensor.spec();
  constexpr std::array kTypes{DType::kF32, DType::kBf16, DType::kU8, DType::kS8};
  if (std::ranges::find(kTypes, spec.dtype) == kTypes.end() || spec.shape.size() != 4 || spec.shape[0] != 1) {
    throw ShapeError("feature '" + spec.name + "' is " + to_string(spec.dtype) + " " + to_string(spec.shape) +
                     "; expected [1, C, H, W] of f32, bf16, u8 or s8");
  }
  return {tensor.data(),
          static_cast<int>(spec.shape[1]),
          static_cast<int>(spec.shape[2]),
          static_cast<int>(spec.shape[3]),
          spec.layout,
          spec.dtype,
          spec.step};
}

}  // namespace rcnn::engine
