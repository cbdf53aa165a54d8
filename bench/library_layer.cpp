// SPDX-License-Identifier: MIT
#include "bench/library_layer.hpp"

#include <vector>

namespace rcnn::bench {
namespace {

using dnnl::memory;

constexpr auto kKind = dnnl::prop_kind::forward_inference;

memory::desc vector_of(std::int64_t size) { return {{size}, memory::data_type::f32, memory::format_tag::a}; }

bool is_8_bits(memory::data_type type) {
  return type == memory::data_type::u8 || type == memory::data_type::s8;
}

dnnl::primitive_attr attributes(bool relu, memory::data_type type, std::int64_t channels) {
  dnnl::primitive_attr attr;
  if (is_8_bits(type)) attr.set_output_scales(1 << 1, std::vector(static_cast<std::size_t>(channels), 1e-3F));
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops post;
  if (relu) post.append_eltwise(1.f, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
  attr.set_post_ops(post);
  return attr;
}

/// The description makes the primitive and says how its buffers lie.
template <typename Primitive>
LibraryLayer adopt(const typename Primitive::primitive_desc& description, const memory::desc& bias) {
  return {Primitive(description), description.src_desc(),       description.weights_desc(), bias,
          description.dst_desc(), description.scratchpad_desc()};
}

}  // namespace

LibraryLayer library_convolution(const dnnl::engine& cpu, const LibraryConvolution& layer,
                                 memory::data_type type, memory::format_tag layout) {
  const memory::dims stride{layer.stride, layer.stride}, padding{layer.padding, layer.padding};
  const auto bias = vector_of(layer.output[1]);
  const memory::desc source(layer.source, type, layout), output(layer.output, type, layout);
  const memory::desc weights(layer.weights, is_8_bits(type) ? memory::data_type::s8 : type,
                             memory::format_tag::any);
  return adopt<dnnl::convolution_forward>(
      {{kKind, dnnl::algorithm::convolution_direct, source, weights, bias, output, stride, padding, padding},
       attributes(layer.relu, type, layer.output[1]),
       cpu},
      bias);
}

LibraryLayer library_matrix(const dnnl::engine& cpu, const LibraryConvolution& layer,
                            memory::data_type type) {
  constexpr auto kType = memory::data_type::f32;
  if (type != kType) {
    const auto rows = layer.source[0], columns = layer.source[1], out = layer.output[1];
    return library_convolution(cpu,
                               {.source = {1, columns, 1, rows},
                                .weights = {out, columns, 1, 1},
                                .output = {1, out, 1, rows},
                                .relu = layer.relu},
                               type);
  }
  constexpr auto kAny = memory::format_tag::any;
  const auto bias = vector_of(layer.output[1]);
  return adopt<dnnl::inner_product_forward>(
      {{kKind, {layer.source, kType, kAny}, {layer.weights, kType, kAny}, bias, {layer.output, kType, kAny}},
       attributes(layer.relu, kType, layer.output[1]),
       cpu},
      bias);
}

}  // namespace rcnn::bench
