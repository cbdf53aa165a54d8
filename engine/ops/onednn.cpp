// SPDX-License-Identifier: MIT
#include "engine/ops/onednn.hpp"

#include <string_view>

namespace rcnn::engine::onednn {

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& stream() {
  thread_local dnnl::stream stream(cpu());
  return stream;
}

dnnl::memory::data_type data_type(DType dtype) {
  switch (dtype) {
    case DType::kBf16:
      return dnnl::memory::data_type::bf16;
    case DType::kS8:
      return dnnl::memory::data_type::s8;
    case DType::kU8:
      return dnnl::memory::data_type::u8;
    default:
      return dnnl::memory::data_type::f32;
  }
}

dnnl::memory::desc any(const Shape& shape, DType dtype) {
  return {shape, data_type(dtype), dnnl::memory::format_tag::any};
}

dnnl::algorithm algorithm(Activation activation) {
  switch (activation) {
    case Activation::kRelu:
      return dnnl::algorithm::eltwise_relu;
    case Activation::kSilu:
      return dnnl::algorithm::eltwise_swish;
    case Activation::kSigmoid:
      return dnnl::algorithm::eltwise_logistic;
    default:
      return dnnl::algorithm::undef;
  }
}

dnnl::primitive_attr attributes(bool sum, Activation activation) {
  dnnl::post_ops steps;
  if (sum) steps.append_sum(1.f);
  if (activation != Activation::kNone) {
    // Swish is x * sigmoid(alpha * x); the others have no use for alpha here (a ReLU's is its slope below 0).
    steps.append_eltwise(1.f, algorithm(activation), activation == Activation::kSilu ? 1.f : 0.f, 0.f);
  }
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(steps);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

bool is_reference(const std::string& implementation) {
  return implementation.find("ref") != std::string::npos ||
         implementation.find("simple") != std::string::npos;
}

dnnl::memory borrow(const Format& format, const void* values) {
  return {desc(format), cpu(), const_cast<void*>(values)};
}

void PrimitiveOperator::keep(int argument, const Format& format, std::shared_ptr<const Tensor> tensor) {
  fixed_.emplace(argument, borrow(format, tensor->data()));
  kept_.push_back(std::move(tensor));
}

void PrimitiveOperator::view_as(std::vector<Format> inputs, Format output) {
  input_views_ = std::move(inputs);
  output_view_ = std::move(output);
}

void PrimitiveOperator::run(std::span<const void* const> inputs, std::span<void* const> outputs,
                            void* scratch) const {
  translate<DeviceError>(name_, [&] {
    auto arguments = fixed_;
    const auto& formats = input_views_.empty() ? inputs_ : input_views_;
    for (std::size_t i = 0; i < formats.size(); ++i) {
      if (static_cast<int>(i) == in_place_) continue;
      arguments.emplace(arguments_[i], borrow(formats[i], inputs[i]));
    }
    arguments.emplace(DNNL_ARG_DST, borrow(output_view_.value_or(output_), outputs[0]));
    if (scratch_bytes_ > 0) arguments.emplace(DNNL_ARG_SCRATCHPAD, borrow(scratch_, scratch));
    primitive_.execute(stream(), arguments);
    stream().wait();
  });
}

}  // namespace rcnn::engine::onednn
