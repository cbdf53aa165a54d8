// SPDX-License-Identifier: MIT
#include "engine/ops/onednn.hpp"

namespace rcnn::engine {
namespace {

class Add final : public onednn::PrimitiveOperator {
 public:
  Add(const std::string& name, const Format& a, const Format& b) : PrimitiveOperator(name) {
    if (a.shape() != b.shape()) {
      throw ShapeError("sum '" + name + "' cannot add " + to_string(b.shape()) + " to " +
                       to_string(a.shape()));
    }
    onednn::translate<ModelError>(name, [&] {
      const dnnl::binary::primitive_desc description(
          {dnnl::algorithm::binary_add, onednn::desc(a), onednn::desc(a), onednn::desc(a)},
          onednn::attributes(), onednn::cpu());
      adopt(description, dnnl::binary(description));
    });
    inputs_ = {a, a};
    arguments_ = {DNNL_ARG_SRC_0, DNNL_ARG_SRC_1};
    output_ = a;
  }
};

}  // namespace

std::unique_ptr<Operator> make_add(const std::string& name, const Format& a, const Format& b) {
  return std::make_unique<Add>(name, a, b);
}

}  // namespace rcnn::engine
