// SPDX-License-Identifier: MIT
#pragma once

// What the operator files share of oneDNN 2.6. Nothing outside engine/ops includes this.
// Thread safety: all functions are thread-safe, operators as Operator says.

#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"

namespace rcnn::engine {

struct Format::Descriptor {
  dnnl::memory::desc desc;
};

namespace onednn {

const dnnl::engine& cpu();
/// The calling thread's own stream: executing is thread-safe as long as streams are not shared.
dnnl::stream& stream();

inline const dnnl::memory::desc& desc(const Format& format) { return format.descriptor().desc; }
inline Format format(const dnnl::memory::desc& desc) { return Format(Format::Descriptor{desc}); }

/// Of f32, bf16, s8 and u8.
dnnl::memory::data_type data_type(DType dtype);

/// Shape `shape` in whatever layout suits the primitive.
dnnl::memory::desc any(const Shape& shape, DType dtype = DType::kF32);

/// Scratch is the caller's: primitives are shared by threads and must own none.
dnnl::primitive_attr attributes(bool sum = false, Activation activation = Activation::kNone);

dnnl::algorithm algorithm(Activation activation);

/// True for the plain C++ implementations, which are correct and tens of times slower than any other.
bool is_reference(const std::string& implementation);

/// The description of a convolution that takes its source as it lies if there is a fast implementation for
/// that; otherwise the library's favourite, at last with another summand, too: with AVX2 one channels last,
/// as values of 8 bits lie, has none in f32.
///   describe  describe(dnnl::memory::desc of a source, const Format* of a summand or null)
template <typename Describe>
auto choose_convolution(const Format& source, const Format* summand, const Describe& describe) {
  const auto is_slow = [](const auto& description) { return is_reference(description.impl_info_str()); };
  auto as_it_lies = describe(desc(source), summand);
  if (!is_slow(as_it_lies)) return as_it_lies;
  const auto free = any(source.shape(), source.dtype());
  auto favourite = describe(free, summand);
  if (is_slow(favourite) && summand != nullptr) {
    const auto like_result = format(describe(free, nullptr).dst_desc());
    favourite = describe(free, &like_result);
  }
  return is_slow(favourite) ? as_it_lies : favourite;
}

/// Memory over borrowed values. oneDNN's interface knows no const.
dnnl::memory borrow(const Format& format, const void* values);

/// Calls body(); a oneDNN error becomes `E` naming the operator.
template <typename E, typename Body>
auto translate(const std::string& name, Body&& body) {
  try {
    return body();
  } catch (const dnnl::error& error) {
    throw E("operator '" + name + "': oneDNN cannot do it (" + error.what() + ", status " +
            std::to_string(static_cast<int>(error.status)) + ")");
  }
}

/// An operator that is one primitive: its inputs bound to `arguments` in order, its weights kept.
class PrimitiveOperator : public Operator {
 public:
  void run(std::span<const void* const> inputs, std::span<void* const> outputs, void* scratch) const override;

 protected:
  using Operator::Operator;

  /// Reads the implementation's name and its need of scratch.
  template <typename PrimitiveDesc>
  void adopt(const PrimitiveDesc& primitive_desc, dnnl::primitive primitive) {
    implementation_ = primitive_desc.impl_info_str();
    scratch_ = format(primitive_desc.scratchpad_desc());
    scratch_bytes_ = primitive_desc.scratchpad_desc().get_size();
    primitive_ = std::move(primitive);
  }
  /// Formats in which the primitive sees the values, where those are not the formats that the operator shows.
  void view_as(std::vector<Format> inputs, Format output);
  /// Keeps a weight as a fixed argument.
  void keep(int argument, const Format& format, std::shared_ptr<const Tensor> tensor);

  std::vector<int> arguments_;  ///< DNNL_ARG_* of each input

 private:
  dnnl::primitive primitive_;
  std::optional<Format> output_view_;
  std::vector<Format> input_views_;
  Format scratch_;
  std::unordered_map<int, dnnl::memory> fixed_;
  std::vector<std::shared_ptr<const Tensor>> kept_;
};

}  // namespace onednn
}  // namespace rcnn::engine
