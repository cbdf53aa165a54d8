// SPDX-License-Identifier: MIT
#include "engine/ops/onednn.hpp"

namespace rcnn::engine {
namespace {

class Reorder final : public onednn::PrimitiveOperator {
 public:
  Reorder(const std::string& name, const Format& source, const Format& target, float scale)
      : PrimitiveOperator(name) {
    if (source.shape() != target.shape()) {
      throw ShapeError("reorder '" + name + "' cannot turn " + to_string(source.shape()) + " into " +
                       to_string(target.shape()));
    }
    onednn::translate<ModelError>(name, [&] {
      auto attributes = onednn::attributes();
      if (scale != 1) attributes.set_output_scales(0, {scale});
      const dnnl::reorder::primitive_desc description(onednn::cpu(), onednn::desc(source), onednn::cpu(),
                                                      onednn::desc(target), attributes);
      adopt(description, dnnl::reorder(description));
    });
    inputs_ = {source};
    arguments_ = {DNNL_ARG_FROM};
    output_ = target;
  }
};

}  // namespace

std::unique_ptr<Operator> make_reorder(const std::string& name, const Format& source, const Format& target,
                                       float scale) {
  return std::make_unique<Reorder>(name, source, target, scale);
}

}  // namespace rcnn::engine
