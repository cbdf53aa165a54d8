// SPDX-License-Identifier: MIT
#include "engine/ops/onednn.hpp"

namespace rcnn::engine {
namespace {

using dnnl::resampling_forward;

/// oneDNN's nearest neighbour of cell y is round((y + 0.5) / 2 - 0.5), ties upward: y / 2 for every y.
class UpsampleAdd final : public onednn::PrimitiveOperator {
 public:
  UpsampleAdd(const std::string& name, const Format& fine, const Format& coarse) : PrimitiveOperator(name) {
    const auto to = fine.shape(), from = coarse.shape();
    if (to.size() != 4 || from.size() != 4 || to[0] != from[0] || to[1] != from[1] || to[2] != 2 * from[2] ||
        to[3] != 2 * from[3]) {
      throw ShapeError("upsampling '" + name + "' cannot add " + to_string(from) + " to " + to_string(to) +
                       "; the latter must be twice as high and wide");
    }
    // Both maps in the layout of the finer one, which is by far the larger.
    const auto layout = fine.layout();
    const auto source = layout ? Format(from, *layout, fine.dtype()) : coarse;
    // Both by the layout's own strides, too: maps of one channel lie alike in several, and where the strides
    // of its one channel differ the library takes its reference implementation, which forgets the sum.
    const auto seen = layout ? Format(to, *layout, fine.dtype()) : fine;
    onednn::translate<ModelError>(name, [&] {
      const resampling_forward::primitive_desc description(
          {dnnl::prop_kind::forward_inference, dnnl::algorithm::resampling_nearest,
           std::vector<float>{2.f, 2.f}, onednn::desc(source), onednn::desc(seen)},
          onednn::attributes(true), onednn::cpu());
      adopt(description, resampling_forward(description));
    });
    if (onednn::is_reference(implementation())) {
      throw ModelError("upsampling '" + name +
                       "': oneDNN has no right implementation for maps that lie as these");
    }
    view_as({seen, source}, seen);
    inputs_ = {fine, source};
    arguments_ = {DNNL_ARG_DST, DNNL_ARG_SRC};
    output_ = fine;
    in_place_ = 0;
  }
};

}  // namespace

std::unique_ptr<Operator> make_upsample_add(const std::string& name, const Format& fine,
                                            const Format& coarse) {
  return std::make_unique<UpsampleAdd>(name, fine, coarse);
}

}  // namespace rcnn::engine
