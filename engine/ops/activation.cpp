// SPDX-License-Identifier: MIT
#include "engine/ops/onednn.hpp"

namespace rcnn::engine {
namespace {

using dnnl::eltwise_forward;

class ActivationOperator final : public onednn::PrimitiveOperator {
 public:
  ActivationOperator(const std::string& name, Activation activation, const Format& source)
      : PrimitiveOperator(name) {
    const float alpha = activation == Activation::kSilu ? 1.f : 0.f;
    onednn::translate<ModelError>(name, [&] {
      const eltwise_forward::primitive_desc description(
          {dnnl::prop_kind::forward_inference, onednn::algorithm(activation), onednn::desc(source), alpha,
           0.f},
          onednn::attributes(), onednn::cpu());
      adopt(description, eltwise_forward(description));
    });
    inputs_ = {source};
    arguments_ = {DNNL_ARG_SRC};
    output_ = source;
  }
};

}  // namespace

std::unique_ptr<Operator> make_activation(const std::string& name, Activation activation,
                                          const Format& source) {
  return std::make_unique<ActivationOperator>(name, activation, source);
}

}  // namespace rcnn::engine
