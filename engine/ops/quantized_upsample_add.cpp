// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"
#include "engine/ops/quantized_add_types.hpp"
#include "engine/simd/instruction_sets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/quantized_upsample_add.cpp"
#include <hwy/foreach_target.h>  // Compiles this file once per instruction set.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <typename Fine, typename Coarse, typename Result>
void add_row(std::byte* fine_bytes, const std::byte* coarse_bytes, std::size_t pixels, std::size_t channels,
             float fine_scale, float coarse_scale) {
  const auto add = [&](auto d, std::byte* to, const std::byte* from) {
    const hn::Rebind<std::int32_t, decltype(d)> d32;
    const hn::Rebind<std::int16_t, decltype(d)> d16;
    const hn::Rebind<Fine, decltype(d)> d_fine;
    const hn::Rebind<Coarse, decltype(d)> d_coarse;
    const hn::Rebind<Result, decltype(d)> d_result;
    const auto fine = hn::LoadU(d_fine, reinterpret_cast<const Fine*>(to));
    const auto coarse = hn::LoadU(d_coarse, reinterpret_cast<const Coarse*>(from));
    const auto sum =
        hn::MulAdd(hn::ConvertTo(d, hn::PromoteTo(d32, fine)), hn::Set(d, fine_scale),
                   hn::Mul(hn::ConvertTo(d, hn::PromoteTo(d32, coarse)), hn::Set(d, coarse_scale)));
    const auto nearest = hn::DemoteTo(d_result, hn::DemoteTo(d16, hn::NearestInt(sum)));  // Saturates
    hn::StoreU(nearest, d_result, reinterpret_cast<Result*>(to));
  };
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  for (std::size_t x = 0; x < pixels; ++x) {
    auto* fine = fine_bytes + x * channels;
    const auto* coarse = coarse_bytes + x / 2 * channels;
    std::size_t c = 0;
    for (; c + hn::Lanes(d) <= channels; c += hn::Lanes(d)) add(d, fine + c, coarse + c);
    for (; c < channels; ++c) add(one, fine + c, coarse + c);
  }
}

template <typename Fine, typename Coarse>
void add_row_to(DType result, std::byte* fine, const std::byte* coarse, std::size_t pixels,
                std::size_t channels, float fine_scale, float coarse_scale) {
  const auto add =
      result == DType::kS8 ? add_row<Fine, Coarse, std::int8_t> : add_row<Fine, Coarse, std::uint8_t>;
  add(fine, coarse, pixels, channels, fine_scale, coarse_scale);
}

void add_row_of(const QuantizedAddTypes& types, std::byte* fine, const std::byte* coarse, std::size_t pixels,
                std::size_t channels, float fine_scale, float coarse_scale) {
  const bool s_fine = types.fine == DType::kS8, s_coarse = types.coarse == DType::kS8;
  const auto add =
      s_fine ? (s_coarse ? add_row_to<std::int8_t, std::int8_t> : add_row_to<std::int8_t, std::uint8_t>)
             : (s_coarse ? add_row_to<std::uint8_t, std::int8_t> : add_row_to<std::uint8_t, std::uint8_t>);
  add(types.result, fine, coarse, pixels, channels, fine_scale, coarse_scale);
}

}  // namespace rcnn::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rcnn::engine {

HWY_EXPORT(add_row_of);

namespace {

class QuantizedUpsampleAdd final : public Operator {
 public:
  QuantizedUpsampleAdd(const std::string& name, const Shape& fine, const ActivationStep& fine_step,
                       const ActivationStep& coarse_step, const ActivationStep& result_step)
      : Operator(name),
        types_{fine_step.dtype(), coarse_step.dtype(), result_step.dtype()},
        fine_scale_(fine_step.step / result_step.step),
        coarse_scale_(coarse_step.step / result_step.step) {
    if (fine.size() != 4 || fine[2] % 2 != 0 || fine[3] % 2 != 0) {
      throw ShapeError("upsampling '" + name + "' cannot add to " + to_string(fine) + "; sides must be even");
    }
    implementation_ = "own";
    const Shape coarse{fine[0], fine[1], fine[2] / 2, fine[3] / 2};
    inputs_ = {Format(fine, Layout::kNhwc, types_.fine), Format(coarse, Layout::kNhwc, types_.coarse)};
    output_ = Format(fine, Layout::kNhwc, types_.result);
    in_place_ = 0;
  }

  void run(std::span<const void* const> inputs, std::span<void* const> outputs,
           void* /*scratch*/) const override {
    const auto shape = output_.shape();
    const auto channels = static_cast<std::size_t>(shape[1]), columns = static_cast<std::size_t>(shape[3]);
    const auto rows = static_cast<std::size_t>(shape[0] * shape[2]);
    auto* fine = static_cast<std::byte*>(outputs[0]);
    const auto* coarse = static_cast<const std::byte*>(inputs[1]);
    for (std::size_t y = 0; y < rows; ++y) {  // Maps have even heights: row y of all has row y / 2
      HWY_DYNAMIC_DISPATCH(add_row_of)
      (types_, fine + y * columns * channels, coarse + y / 2 * (columns / 2) * channels, columns, channels,
       fine_scale_, coarse_scale_);
    }
  }

 private:
  QuantizedAddTypes types_;
  float fine_scale_, coarse_scale_;  ///< Steps of the result in a step of each
};

}  // namespace

std::unique_ptr<Operator> make_quantized_upsample_add(const std::string& name, const Shape& fine,
                                                      const ActivationStep& fine_step,
                                                      const ActivationStep& coarse_step,
                                                      const ActivationStep& result_step) {
  return std::make_unique<QuantizedUpsampleAdd>(name, fine, fine_step, coarse_step, result_step);
}

}  // namespace rcnn::engine
#endif
