// SPDX-License-Identifier: MIT
#include "engine/ops/onednn.hpp"

namespace rcnn::engine {
namespace {

class Reorder final : public onednn::PrimitiveOperator {
 public:
  Reorder(const std::string& name, const Format& source, const Format& target) : PrimitiveOperator(name) {
    if (source.shape() != target.shape()) {
      throw ShapeError("reorder '" + name + "' cannot turn " + to_string(source.shape()) + " into " +
                       to_string(target.shape()));
    }
    onednn::translate<ModelError>(name, [&] {
      const dnnl::reorder::primitive_desc description(onednn::cpu(), onednn::desc(source), onednn::cpu(),
                                                      onednn::desc(target), onednn::attributes());
      adopt(description, dnnl::reorder(description));
    });
    inputs_ = {source};
    arguments_ = {DNNL_ARG_FROM};
    output_ = target;
  }
};

}  // namespace

std::unique_ptr<Operator> make_reorder(const std::string& name, const Format& source, const Format& target) {
  return std::make_unique<Reorder>(name, source, target);
}

}  // namespace rcnn::engine
