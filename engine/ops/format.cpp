// SPDX-License-Identifier: MIT
#include "engine/ops/format.hpp"

#include <array>
#include <utility>

#include "engine/errors.hpp"
#include "engine/ops/element.hpp"
#include "engine/ops/onednn.hpp"

namespace rcnn::engine {
namespace {

using Tag = dnnl::memory::format_tag;

constexpr std::array<Layout, 4> kLayouts{Layout::kRowMajor, Layout::kNhwc, Layout::kBlocked8,
                                         Layout::kBlocked16};

Tag tag_of(const Shape& shape, Layout layout) {
  constexpr std::array<Tag, 4> kRowMajor{Tag::a, Tag::ab, Tag::abc, Tag::abcd};
  if (layout == Layout::kRowMajor && !shape.empty() && shape.size() <= kRowMajor.size()) {
    return kRowMajor[shape.size() - 1];
  }
  if (shape.size() == 4) {
    if (layout == Layout::kNhwc) return Tag::acdb;
    if (layout == Layout::kBlocked8) return Tag::aBcd8b;
    if (layout == Layout::kBlocked16) return Tag::aBcd16b;
  }
  throw ShapeError("a value of shape " + to_string(shape) + " cannot have the layout " + to_string(layout));
}

dnnl::memory::desc named(const Shape& shape, Layout layout, DType dtype) {
  return {shape, onednn::data_type(dtype), tag_of(shape, layout)};
}

}  // namespace

Format::Format(const Shape& shape, Layout layout, DType dtype)
    : Format(Descriptor{named(shape, layout, dtype)}) {}

Format::Format(Descriptor descriptor)
    : descriptor_(std::make_shared<const Descriptor>(std::move(descriptor))) {}

Shape Format::shape() const { return descriptor_->desc.dims(); }

DType Format::dtype() const {
  switch (descriptor_->desc.data_type()) {
    case dnnl::memory::data_type::bf16:
      return DType::kBf16;
    case dnnl::memory::data_type::s8:
      return DType::kS8;
    case dnnl::memory::data_type::u8:
      return DType::kU8;
    default:
      return DType::kF32;
  }
}

Format Format::as(DType dtype) const {
  auto desc = descriptor_->desc;
  desc.data.data_type = dnnl::memory::convert_to_c(onednn::data_type(dtype));
  return Format(Descriptor{desc});
}

std::optional<Layout> Format::layout() const {
  const auto dims = shape();
  const auto type = dtype();
  for (const auto layout : kLayouts) {
    if (layout != Layout::kRowMajor && dims.size() != 4) continue;
    if (descriptor_->desc == named(dims, layout, type)) return layout;
  }
  return std::nullopt;
}

std::size_t Format::bytes() const { return descriptor_->desc.get_size(); }

bool Format::lies_as(Layout layout) const { return *this == Format(shape(), layout, dtype()); }

bool Format::operator==(const Format& other) const { return descriptor_->desc == other.descriptor_->desc; }

Element element_of(const Format& format) {
  switch (format.dtype()) {
    case DType::kBf16:
      return Element::kBf16;
    case DType::kU8:
      return Element::kU8;
    case DType::kS8:
      return Element::kS8;
    default:
      return Element::kF32;
  }
}

MapStrides map_strides(const Format& format, std::size_t step) {
  constexpr std::size_t kGroup = 16;
  const auto shape = format.shape();
  const auto extent = [&](std::size_t axis) { return static_cast<std::size_t>(shape[axis]); };
  const auto channels = extent(1), height = extent(2), width = extent(3);
  const bool last = format.lies_as(Layout::kNhwc);
  const auto cell = last ? channels : kGroup;
  return {height * width * channels, last ? kGroup : height * width * kGroup, step * width * cell,
          step * cell};
}

}  // namespace rcnn::engine
