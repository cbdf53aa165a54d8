// SPDX-License-Identifier: MIT
#include "engine/ops/onednn.hpp"

namespace rcnn::engine {
namespace {

/// One image at a time: oneDNN has a fast product of planes and factors for one set of factors only.
class Scale final : public Operator {
 public:
  Scale(const std::string& name, const Format& source, const Format& factors) : Operator(name) {
    const auto shape = source.shape(), by = factors.shape();
    const auto layout = source.layout();
    if (shape.size() != 4 || by != Shape{shape[0], shape[1], 1, 1} || !layout) {
      throw ShapeError("product '" + name + "' cannot multiply " + to_string(shape) + " by " + to_string(by) +
                       "; expected are [N, C, H, W] and [N, C, 1, 1]");
    }
    images_ = shape[0];
    image_ = Format({1, shape[1], shape[2], shape[3]}, *layout, source.dtype());
    factor_ = Format({1, shape[1], 1, 1}, *layout, source.dtype());
    onednn::translate<ModelError>(name, [&] {
      const dnnl::binary::primitive_desc description(
          {dnnl::algorithm::binary_mul, onednn::desc(image_), onednn::desc(factor_), onednn::desc(image_)},
          onednn::attributes(), onednn::cpu());
      implementation_ = description.impl_info_str();
      scratch_ = onednn::format(description.scratchpad_desc());
      scratch_bytes_ = description.scratchpad_desc().get_size();
      primitive_ = dnnl::binary(description);
    });
    inputs_ = {source, Format(by, *layout, source.dtype())};
    output_ = source;
    in_place_ = 0;
  }

  void run(std::span<const void* const> inputs, std::span<void* const> outputs,
           void* scratch) const override {
    onednn::translate<DeviceError>(name_, [&] {
      for (std::int64_t n = 0; n < images_; ++n) {
        const auto offset = static_cast<std::size_t>(n);
        auto* values = static_cast<std::byte*>(outputs[0]) + offset * image_.bytes();
        const auto* factors = static_cast<const std::byte*>(inputs[1]) + offset * factor_.bytes();
        std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC_0, onednn::borrow(image_, values)},
                                                        {DNNL_ARG_SRC_1, onednn::borrow(factor_, factors)},
                                                        {DNNL_ARG_DST, onednn::borrow(image_, values)}};
        if (scratch_bytes_ > 0) {
          arguments.emplace(DNNL_ARG_SCRATCHPAD, onednn::borrow(scratch_, scratch));
        }
        primitive_.execute(onednn::stream(), arguments);
      }
      onednn::stream().wait();
    });
  }

 private:
  std::int64_t images_ = 1;
  Format image_, factor_;  ///< Of one image
  Format scratch_;
  dnnl::primitive primitive_;
};

}  // namespace

std::unique_ptr<Operator> make_scale(const std::string& name, const Format& source, const Format& factors) {
  return std::make_unique<Scale>(name, source, factors);
}

}  // namespace rcnn::engine
