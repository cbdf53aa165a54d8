// SPDX-License-Identifier: MIT
#include "engine/ops/onednn.hpp"
#include "engine/ops/pointwise_float_conv2d.hpp"
#include "engine/ops/window.hpp"
#include "engine/ops/winograd_bf16_conv2d.hpp"
#include "engine/ops/winograd_conv2d.hpp"

namespace rcnn::engine {
namespace {

using dnnl::convolution_forward;

convolution_forward::primitive_desc describe(const Conv2dParams& params, const dnnl::memory::desc& source,
                                             const Format* summand) {
  const auto dims = source.dims();
  const auto shape = window_output(params, dims);
  const auto type = source.data_type() == onednn::data_type(DType::kBf16) ? DType::kBf16 : DType::kF32;
  const auto weight = onednn::any(window_weight(params, dims[1]), type);
  const auto destination = summand != nullptr ? onednn::desc(*summand) : onednn::any(shape, params.result);
  const dnnl::memory::dims strides(2, params.stride), padding(2, params.padding);
  const auto kind = dnnl::prop_kind::forward_inference;
  const auto algorithm = dnnl::algorithm::convolution_direct;
  const auto attributes = onednn::attributes(summand != nullptr, params.activation);
  if (params.bias.empty()) {
    return {
        {kind, algorithm, source, weight, destination, strides, padding, padding}, attributes, onednn::cpu()};
  }
  const auto bias = onednn::desc(Format({params.out_channels}, Layout::kRowMajor));
  return {{kind, algorithm, source, weight, bias, destination, strides, padding, padding},
          attributes,
          onednn::cpu()};
}

convolution_forward::primitive_desc choose(const Conv2dParams& params, const Format& source,
                                           const Format* summand) {
  return onednn::choose_convolution(
      source, summand, [&](const auto& lies, const Format* added) { return describe(params, lies, added); });
}

class Conv2d final : public onednn::PrimitiveOperator {
 public:
  Conv2d(const Conv2dParams& params, const Format& source, const Format* summand, PackedWeights& weights)
      : PrimitiveOperator(params.name) {
    onednn::translate<ModelError>(name_, [&] { build(params, source, summand, weights); });
  }

 private:
  void build(const Conv2dParams& params, const Format& source, const Format* summand,
             PackedWeights& weights) {
    const auto shape = window_output(params, source.shape());
    if (summand != nullptr && summand->shape() != shape) {
      throw ShapeError("convolution '" + params.name + "' gives " + to_string(shape) + " and cannot add " +
                       to_string(summand->shape()));
    }
    const auto chosen = choose(params, source, summand);
    adopt(chosen, convolution_forward(chosen));
    inputs_ = {onednn::format(chosen.src_desc())};
    arguments_ = {DNNL_ARG_SRC};
    output_ = onednn::format(chosen.dst_desc());
    if (summand != nullptr) {
      inputs_.push_back(output_);
      arguments_.push_back(DNNL_ARG_DST);
      in_place_ = 1;
    }
    keep_weights(params, source.shape()[1], onednn::format(chosen.weights_desc()), weights);
  }

  void keep_weights(const Conv2dParams& params, std::int64_t in_channels, const Format& wanted,
                    PackedWeights& weights) {
    const auto plain = plain_weight(params, in_channels);
    keep(DNNL_ARG_WEIGHTS, wanted, weights.get(params.weight, plain, wanted));
    if (params.bias.empty()) return;
    const Format bias({params.out_channels}, Layout::kRowMajor);
    keep(DNNL_ARG_BIAS, bias, weights.get(params.bias, bias, bias));
  }
};

/// Where a convolution's values lie, whatever computes it.
struct Formats {
  Format source;
  Format destination;
};

/// As the source lies; else as the library likes it best, or in blocks, which on AVX-512 it likes less than
/// channels last. With the summand as it lies, else as the result.
std::optional<Formats> winograd_formats(const Conv2dParams& params, const Format& source,
                                        const Format* summand) {
  if (!is_winograd_window(params)) return std::nullopt;
  if (size_of(source.dtype()) == 1) {
    const Formats formats{Format(source.shape(), Layout::kNhwc, source.dtype()),
                          Format(window_output(params, source.shape()), Layout::kNhwc, source.dtype())};
    const bool can = winograd_bf16_can(params, formats.source, formats.destination);
    return can ? std::optional(formats) : std::nullopt;
  }
  return onednn::translate<ModelError>(params.name, [&]() -> std::optional<Formats> {
    const auto any = onednn::any(source.shape(), source.dtype());
    const auto blocked = onednn::desc(Format(source.shape(), Layout::kBlocked16, source.dtype()));
    const auto found = [&](const Format* added) -> std::optional<Formats> {
      for (const auto& lies : {onednn::desc(source), any, blocked}) {
        const auto description = describe(params, lies, added);
        const Formats formats{onednn::format(description.src_desc()), onednn::format(description.dst_desc())};
        if (winograd_can(params, formats.source, formats.destination) ||
            winograd_bf16_can(params, formats.source, formats.destination)) {
          return formats;
        }
      }
      return std::nullopt;
    };
    const auto as_it_lies = found(summand);
    return as_it_lies || summand == nullptr ? as_it_lies : found(nullptr);
  });
}

/// Some windows and groups have plain C++ alone in bf16, tens of times slower than vectors of f32.
bool is_slow_in_bf16(const Conv2dParams& params, const Format& source, const Format* summand) {
  if (source.dtype() != DType::kBf16) return false;
  return onednn::translate<ModelError>(
      params.name, [&] { return onednn::is_reference(choose(params, source, summand).impl_info_str()); });
}

/// A 1x1 convolution in f32 or bf16 on kernels of our own, which are quicker than oneDNN 2.6's where channels
/// are few, and with a sum. In bf16 these keep, in blocks, an f32 of every result in scratch (40 MB for 64 ->
/// 256 at 200x200). Null elsewhere.
std::unique_ptr<Operator> make_pointwise(const Conv2dParams& params, const Format& source,
                                         const Format* summand, PackedWeights& weights) {
  if (params.kernel != 1 || params.result != source.dtype()) return nullptr;
  const auto layout = source.layout();
  if (!layout) return nullptr;
  const Format destination(window_output(params, source.shape()), *layout, params.result);
  if (!pointwise_float_can(params, source, destination)) return nullptr;
  if (summand != nullptr && (summand->layout() != layout || summand->dtype() != params.result))
    return nullptr;
  return make_pointwise_float_conv2d(params, source, destination, summand != nullptr, weights);
}

std::unique_ptr<Operator> make(const Conv2dParams& params, const Format& source, const Format* summand,
                               PackedWeights& weights, Conv2dAlgorithm algorithm) {
  if (algorithm == Conv2dAlgorithm::kDirect) {
    if (is_slow_in_bf16(params, source, summand)) {
      auto in_f32 = params;
      in_f32.result = DType::kF32;
      const auto other = summand != nullptr ? std::optional(summand->as(DType::kF32)) : std::nullopt;
      return std::make_unique<Conv2d>(in_f32, source.as(DType::kF32), other ? &*other : nullptr, weights);
    }
    if (auto pointwise = make_pointwise(params, source, summand, weights)) return pointwise;
    return std::make_unique<Conv2d>(params, source, summand, weights);
  }
  const auto formats = winograd_formats(params, source, summand);
  if (!formats) {
    throw ModelError(
        "convolution '" + params.name + "' cannot be computed by " + to_string(algorithm) +
        "; that takes 3x3 windows of stride 1, padding 1 and one group over whole blocks of channels");
  }
  const auto variant =
      algorithm == Conv2dAlgorithm::kWinograd2x2 ? winograd::Variant::kF2x2 : winograd::Variant::kF4x4;
  if (formats->source.dtype() == DType::kBf16) {
    return make_winograd_bf16_conv2d(params, variant, nullptr, formats->source, formats->destination,
                                     summand != nullptr ? &formats->destination : nullptr, weights);
  }
  return make_winograd_conv2d(params, variant, formats->source, formats->destination, summand != nullptr,
                              weights);
}

}  // namespace

std::string to_string(Conv2dAlgorithm algorithm) {
  if (algorithm == Conv2dAlgorithm::kDirect) return "direct";
  return algorithm == Conv2dAlgorithm::kWinograd2x2 ? "F(2x2,3x3)" : "F(4x4,3x3)";
}

std::optional<Format> winograd_source(const Conv2dParams& params, const Format& source,
                                      const Format* summand) {
  const auto formats = winograd_formats(params, source, summand);
  return formats ? std::optional(formats->source) : std::nullopt;
}

std::vector<Conv2dAlgorithm> conv2d_algorithms(const Conv2dParams& params, const Format& source,
                                               const Format* summand) {
  if (!winograd_source(params, source, summand)) return {Conv2dAlgorithm::kDirect};
  return {Conv2dAlgorithm::kDirect, Conv2dAlgorithm::kWinograd2x2, Conv2dAlgorithm::kWinograd4x4};
}

std::unique_ptr<Operator> make_conv2d(const Conv2dParams& params, const Format& source,
                                      PackedWeights& weights, Conv2dAlgorithm algorithm) {
  return make(params, source, nullptr, weights, algorithm);
}

std::unique_ptr<Operator> make_conv2d_sum(const Conv2dParams& params, const Format& source,
                                          const Format& summand, PackedWeights& weights,
                                          Conv2dAlgorithm algorithm) {
  return make(params, source, &summand, weights, algorithm);
}

}  // namespace rcnn::engine
