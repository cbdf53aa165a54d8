// SPDX-License-Identifier: MIT
#include "engine/ops/onednn.hpp"

namespace rcnn::engine {
namespace {

using dnnl::eltwise_forward;

class Relu final : public onednn::PrimitiveOperator {
 public:
  Relu(const std::string& name, const Format& source) : PrimitiveOperator(name) {
    onednn::translate<ModelError>(name, [&] {
      const eltwise_forward::primitive_desc description(
          {dnnl::prop_kind::forward_inference, dnnl::algorithm::eltwise_relu, onednn::desc(source), 0.f, 0.f},
          onednn::attributes(false, false), onednn::cpu());
      adopt(description, eltwise_forward(description));
    });
    inputs_ = {source};
    arguments_ = {DNNL_ARG_SRC};
    output_ = source;
  }
};

}  // namespace

std::unique_ptr<Operator> make_relu(const std::string& name, const Format& source) {
  return std::make_unique<Relu>(name, source);
}

}  // namespace rcnn::engine
