// SPDX-License-Identifier: MIT
#include "engine/ops/onednn.hpp"

namespace rcnn::engine {
namespace {

using dnnl::pooling_forward;

class MaxPool2d final : public onednn::PrimitiveOperator {
 public:
  MaxPool2d(const std::string& name, const Format& source, int kernel, int stride, int padding)
      : PrimitiveOperator(name) {
    const auto shape = source.shape();
    if (shape.size() != 4) throw ShapeError("pooling '" + name + "' cannot take " + to_string(shape));
    Shape pooled{shape[0], shape[1]};
    dnnl::memory::dims after;
    for (const std::size_t axis : {2U, 3U}) {
      const auto span = shape[axis] + 2 * padding - kernel;
      if (span < 0)
        throw ShapeError("pooling '" + name + "' has a window larger than its input " + to_string(shape));
      pooled.push_back(span / stride + 1);
      // Rows that no window reaches shrink the padding after the last one; below zero they are left unread.
      after.push_back((pooled.back() - 1) * stride + kernel - shape[axis] - padding);
    }
    onednn::translate<ModelError>(name, [&] {
      const pooling_forward::primitive_desc description(
          {dnnl::prop_kind::forward_inference, dnnl::algorithm::pooling_max, onednn::desc(source),
           onednn::any(pooled, source.dtype()), dnnl::memory::dims(2, stride), dnnl::memory::dims(2, kernel),
           dnnl::memory::dims(2, padding), after},
          onednn::attributes(), onednn::cpu());
      adopt(description, pooling_forward(description));
      output_ = onednn::format(description.dst_desc());
    });
    inputs_ = {source};
    arguments_ = {DNNL_ARG_SRC};
  }
};

}  // namespace

std::unique_ptr<Operator> make_max_pool2d(const std::string& name, const Format& source, int kernel,
                                          int stride, int padding) {
  return std::make_unique<MaxPool2d>(name, source, kernel, stride, padding);
}

}  // namespace rcnn::engine
