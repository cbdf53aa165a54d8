// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"

namespace rcnn::engine {
namespace {

/// Steps of the result in a step of an input, and where the result ends.
struct Scales {
  float fine, coarse;
  float least, most;
};

/// One pixel: channels of the finer map in place, of the coarser one added.
template <typename Fine, typename Coarse, typename Result>
void add_pixel(std::byte* fine, const std::byte* coarse, std::size_t channels, const Scales& scales) {
  for (std::size_t c = 0; c < channels; ++c) {
    const auto a = static_cast<float>(static_cast<Fine>(fine[c]));
    const auto b = static_cast<float>(static_cast<Coarse>(coarse[c]));
    const float within = std::min(std::max(scales.least, a * scales.fine + b * scales.coarse), scales.most);
    constexpr float kNoFraction = 12582912.F;  // 1.5 * 2^23: to the nearest, ties to even, in any vector unit
    fine[c] = static_cast<std::byte>(
        static_cast<Result>(static_cast<std::int32_t>(within + kNoFraction - kNoFraction)));
  }
}

using AddPixel = void (*)(std::byte*, const std::byte*, std::size_t, const Scales&);

template <typename Fine, typename Coarse>
AddPixel add_pixel_to(DType result) {
  return result == DType::kS8 ? add_pixel<Fine, Coarse, std::int8_t> : add_pixel<Fine, Coarse, std::uint8_t>;
}
template <typename Fine>
AddPixel add_pixel_from(DType coarse, DType result) {
  return coarse == DType::kS8 ? add_pixel_to<Fine, std::int8_t>(result)
                              : add_pixel_to<Fine, std::uint8_t>(result);
}

class QuantizedUpsampleAdd final : public Operator {
 public:
  QuantizedUpsampleAdd(const std::string& name, const Shape& fine, const ActivationStep& fine_step,
                       const ActivationStep& coarse_step, const ActivationStep& result_step)
      : Operator(name),
        add_pixel_(fine_step.is_signed
                       ? add_pixel_from<std::int8_t>(coarse_step.dtype(), result_step.dtype())
                       : add_pixel_from<std::uint8_t>(coarse_step.dtype(), result_step.dtype())),
        scales_{fine_step.step / result_step.step, coarse_step.step / result_step.step, result_step.least(),
                result_step.most()} {
    if (fine.size() != 4 || fine[2] % 2 != 0 || fine[3] % 2 != 0) {
      throw ShapeError("upsampling '" + name + "' cannot add to " + to_string(fine) + "; sides must be even");
    }
    implementation_ = "loop";
    const Shape coarse{fine[0], fine[1], fine[2] / 2, fine[3] / 2};
    inputs_ = {Format(fine, Layout::kNhwc, fine_step.dtype()),
               Format(coarse, Layout::kNhwc, coarse_step.dtype())};
    output_ = Format(fine, Layout::kNhwc, result_step.dtype());
    in_place_ = 0;
  }

  void run(std::span<const void* const> inputs, void* output, void* /*scratch*/) const override {
    const auto shape = output_.shape();
    const auto channels = static_cast<std::size_t>(shape[1]);
    const auto rows = static_cast<std::size_t>(shape[0] * shape[2]),
               columns = static_cast<std::size_t>(shape[3]);
    auto* fine = static_cast<std::byte*>(output);
    const auto* coarse = static_cast<const std::byte*>(inputs[1]);
    for (std::size_t y = 0; y < rows; ++y) {  // Maps have even heights: row y of all has row y / 2
      for (std::size_t x = 0; x < columns; ++x) {
        add_pixel_(fine + (y * columns + x) * channels, coarse + (y / 2 * (columns / 2) + x / 2) * channels,
                   channels, scales_);
      }
    }
  }

 private:
  AddPixel add_pixel_;
  Scales scales_;
};

}  // namespace

std::unique_ptr<Operator> make_quantized_upsample_add(const std::string& name, const Shape& fine,
                                                      const ActivationStep& fine_step,
                                                      const ActivationStep& coarse_step,
                                                      const ActivationStep& result_step) {
  return std::make_unique<QuantizedUpsampleAdd>(name, fine, fine_step, coarse_step, result_step);
}

}  // namespace rcnn::engine
