// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rcnn::engine {

/// Element types that occur in checkpoints, programs and artifacts.
enum class DType : std::uint8_t { kF32, kF16, kBf16, kF64, kS8, kU8, kS16, kS32, kS64, kBool };

/// Bytes of one element. Thread safety: reentrant, as all functions here.
std::size_t size_of(DType dtype);
/// "f32", "bf16", ... as artifacts and messages spell it.
std::string to_string(DType dtype);

/// Extents, outermost first. Images and features are N, C, H, W.
using Shape = std::vector<std::int64_t>;

std::int64_t element_count(const Shape& shape);
/// "[1, 256, 200, 200]".
std::string to_string(const Shape& shape);

/// How the elements of a tensor lie in memory.
///
///   kRowMajor   as the shape is written, last axis fastest (NCHW for images)
///   kNhwc       a 4-D tensor with the channel fastest; the shape is still written N, C, H, W
///   kBlocked8   [N][ceil(C/8)][H][W][8], missing channels are zero (what AVX2 convolutions write)
///   kBlocked16  [N][ceil(C/16)][H][W][16]                          (what AVX-512 convolutions write)
enum class Layout : std::uint8_t { kRowMajor, kNhwc, kBlocked8, kBlocked16 };

std::string to_string(Layout layout);
/// Channels per block: 8, 16, or 1 where the layout has no blocks.
int channel_block(Layout layout);

/// Name, shape, type and layout of one program input or output.
struct TensorSpec {
  std::string name;  ///< Value name in the graph, e.g. "p2", "rpn_logits_p3".
  Shape shape;
  DType dtype = DType::kF32;
  Layout layout = Layout::kRowMajor;
  float step = 1;  ///< What one unit of an element stands for; other than 1 in 8 bits only (ActivationStep)

  std::size_t bytes() const;  ///< Including the zero channels of blocked layouts.
  bool operator==(const TensorSpec&) const = default;
};

/// 64-byte aligned memory for tensors; goes with its last holder.
using TensorMemory = std::shared_ptr<std::byte[]>;
/// Contents undefined.
TensorMemory allocate_tensor_memory(std::size_t bytes);

/// One tensor and the memory it lies in, its own or a part of what several share. Contents start undefined.
///
/// Thread safety: reentrant.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(TensorSpec spec);
  /// Lies at `begin` of `memory`, a multiple of 64, and needs spec.bytes() from there.
  Tensor(TensorSpec spec, const TensorMemory& memory, std::size_t begin);
  Tensor(Tensor&&) = default;  // A copy would be a second name for the same values.
  Tensor& operator=(Tensor&&) = default;

  const TensorSpec& spec() const { return spec_; }
  const Shape& shape() const { return spec_.shape; }
  void* data() { return bytes_.get(); }
  const void* data() const { return bytes_.get(); }

  /// All elements, padding included. T must have the tensor's element size.
  template <typename T>
  std::span<T> values() {
    return {static_cast<T*>(data()), spec_.bytes() / sizeof(T)};
  }
  template <typename T>
  std::span<const T> values() const {
    return {static_cast<const T*>(data()), spec_.bytes() / sizeof(T)};
  }

 private:
  TensorSpec spec_;
  TensorMemory bytes_;
};

/// One FPN level as the convolutions wrote it; borrows the memory.
///
///   data  elements of `dtype`, each `step` times what it says; layout as `layout` says, batch of one
struct FeatureView {
  const void* data = nullptr;
  int channels = 0;
  int height = 0;
  int width = 0;
  Layout layout = Layout::kRowMajor;
  DType dtype = DType::kF32;  ///< Or bf16, u8, s8
  float step = 1;
};

/// \throws ShapeError if the tensor is not [1, C, H, W] of f32, bf16, u8 or s8.
FeatureView feature_view(const Tensor& tensor);

}  // namespace rcnn::engine
