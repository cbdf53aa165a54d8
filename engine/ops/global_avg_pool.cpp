// SPDX-License-Identifier: MIT
#include "engine/ops/onednn.hpp"

namespace rcnn::engine {
namespace {

using dnnl::pooling_forward;

class GlobalAvgPool final : public onednn::PrimitiveOperator {
 public:
  GlobalAvgPool(const std::string& name, const Format& source) : PrimitiveOperator(name) {
    const auto shape = source.shape();
    if (shape.size() != 4) throw ShapeError("pooling '" + name + "' cannot take " + to_string(shape));
    onednn::translate<ModelError>(name, [&] {
      const pooling_forward::primitive_desc description(
          {dnnl::prop_kind::forward_inference,
           dnnl::algorithm::pooling_avg_exclude_padding,
           onednn::desc(source),
           onednn::any({shape[0], shape[1], 1, 1}, source.dtype()),
           {1, 1},
           {shape[2], shape[3]},
           {0, 0},
           {0, 0}},
          onednn::attributes(), onednn::cpu());
      adopt(description, pooling_forward(description));
      output_ = onednn::format(description.dst_desc());
    });
    inputs_ = {source};
    arguments_ = {DNNL_ARG_SRC};
  }
};

}  // namespace

std::unique_ptr<Operator> make_global_avg_pool(const std::string& name, const Format& source) {
  return std::make_unique<GlobalAvgPool>(name, source);
}

}  // namespace rcnn::engine
