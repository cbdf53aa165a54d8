// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

/// How one value of a program lies in memory: its shape, the type of its elements (f32; bf16; or s8 and u8
/// where it is held in 8 bits) and the layout, which may be one that oneDNN chose. A cheap value type. Thread
/// safety: reentrant; const methods thread-safe.
class Format {
 public:
  struct Descriptor;  ///< oneDNN's memory descriptor; complete in engine/ops/onednn.hpp only

  Format() = default;
  /// \throws ShapeError if the shape does not suit the layout (kNhwc and blocks need 4 axes).
  Format(const Shape& shape, Layout layout, DType dtype = DType::kF32);
  explicit Format(Descriptor descriptor);

  Shape shape() const;
  DType dtype() const;
  /// The same with elements of another type.
  Format as(DType dtype) const;
  /// The layout's name; nothing where oneDNN chose one that Layout does not know. Where values lie alike in
  /// several, as those of a map of one cell do, the first of Layout.
  std::optional<Layout> layout() const;
  /// Whether values lie as that layout has them. \throws ShapeError as the constructor does
  bool lies_as(Layout layout) const;
  /// Including padding channels.
  std::size_t bytes() const;
  const Descriptor& descriptor() const { return *descriptor_; }
  bool operator==(const Format& other) const;

 private:
  std::shared_ptr<const Descriptor> descriptor_;
};

}  // namespace rcnn::engine
