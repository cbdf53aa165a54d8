// SPDX-License-Identifier: MIT
#include "engine/ops/format.hpp"

#include <array>
#include <utility>

#include "engine/errors.hpp"
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

dnnl::memory::desc named(const Shape& shape, Layout layout) {
  return {shape, dnnl::memory::data_type::f32, tag_of(shape, layout)};
}

}  // namespace

Format::Format(const Shape& shape, Layout layout) : Format(Descriptor{named(shape, layout)}) {}

Format::Format(Descriptor descriptor)
    : descriptor_(std::make_shared<const Descriptor>(std::move(descriptor))) {}

Shape Format::shape() const { return descriptor_->desc.dims(); }

std::optional<Layout> Format::layout() const {
  const auto dims = shape();
  for (const auto layout : kLayouts) {
    if (layout != Layout::kRowMajor && dims.size() != 4) continue;
    if (descriptor_->desc == named(dims, layout)) return layout;
  }
  return std::nullopt;
}

std::size_t Format::bytes() const { return descriptor_->desc.get_size(); }

bool Format::operator==(const Format& other) const { return descriptor_->desc == other.descriptor_->desc; }

}  // namespace rcnn::engine
