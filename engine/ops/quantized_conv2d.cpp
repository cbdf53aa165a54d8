// SPDX-License-Identifier: MIT
#include <utility>

#include "engine/ops/onednn.hpp"
#include "engine/ops/pointwise_int8_conv2d.hpp"
#include "engine/ops/window.hpp"
#include "engine/ops/winograd_bf16_conv2d.hpp"

namespace rcnn::engine {
namespace {

using dnnl::convolution_forward;

/// A convolution of u8 or s8 with s8. oneDNN adds the products up in s32, then computes
///   result = activation(scale[o] * (sum + bias[o] / scale[o]) + summand) / result's step
/// with scale[o] = the source's step times the weight's, and rounds.
class QuantizedConv2d final : public onednn::PrimitiveOperator {
 public:
  QuantizedConv2d(const Conv2dParams& params, const QuantizedParams& steps, const Format& source,
                  const Format* summand, PackedWeights& weights)
      : PrimitiveOperator(params.name), params_(params), steps_(steps) {
    onednn::translate<ModelError>(name_, [&] { build(source, summand, weights); });
  }

  /// Shows two axes where the convolution sees [1, C, 1, R].
  void show_rows(std::int64_t rows, std::int64_t columns) {
    view_as(inputs_, output_);
    inputs_ = {Format({rows, columns}, Layout::kRowMajor, inputs_[0].dtype())};
    output_ = Format({rows, params_.out_channels}, Layout::kRowMajor, output_.dtype());
  }

 private:
  DType result_type() const { return steps_.result ? steps_.result->dtype() : params_.result; }

  void build(const Format& source, const Format* summand, PackedWeights& weights) {
    const auto scales = channel_scales(weights);
    if (params_.result == DType::kBf16 && is_slow(source, summand, scales)) params_.result = DType::kF32;
    const auto chosen = choose(source.as(steps_.source.value().dtype()), summand, scales);
    adopt(chosen, convolution_forward(chosen));
    inputs_ = {onednn::format(chosen.src_desc())};
    arguments_ = {DNNL_ARG_SRC};
    output_ = onednn::format(chosen.dst_desc());
    if (summand != nullptr) {
      inputs_.push_back(output_.as(summand_type()));
      arguments_.push_back(DNNL_ARG_DST);
      in_place_ = 1;
    }
    keep_weights(source.shape().at(1), onednn::format(chosen.weights_desc()), weights);
    if (!params_.bias.empty()) keep_bias(scales, weights);
  }

  DType summand_type() const {
    return steps_.result && steps_.summand ? steps_.summand->dtype() : result_type();
  }

  /// What one unit of a channel's sum stands for.
  std::vector<float> channel_scales(PackedWeights& weights) const {
    const Format plain({params_.out_channels}, Layout::kRowMajor);
    const auto steps = weights.get(steps_.weight_steps, plain, plain);
    std::vector<float> scales;
    for (const float step : steps->values<float>()) {
      scales.push_back(step * steps_.source.value().step);
    }
    return scales;
  }

  dnnl::primitive_attr attributes(bool sum, std::vector<float> scales) const {
    const float unit = steps_.result ? steps_.result->step : 1.F;
    const auto activation = params_.activation;
    // A ReLU does not mind in which unit it is computed; the others want the values themselves.
    const bool in_units = activation == Activation::kNone || activation == Activation::kRelu;
    dnnl::post_ops after;
    if (sum) {
      const float summand = steps_.result ? steps_.summand.value().step : 1.F;
      after.append_sum(in_units ? summand / unit : summand, 0, onednn::data_type(summand_type()));
    }
    if (activation != Activation::kNone) {
      after.append_eltwise(in_units ? 1.F : 1 / unit, onednn::algorithm(activation),
                           activation == Activation::kSilu ? 1.F : 0.F, 0.F);
    }
    if (in_units) {
      for (float& scale : scales) scale /= unit;
    }
    dnnl::primitive_attr attributes;
    constexpr int kPerChannel = 1 << 1;
    attributes.set_output_scales(kPerChannel, scales);
    attributes.set_post_ops(after);
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attributes;
  }

  convolution_forward::primitive_desc describe(const dnnl::memory::desc& source, const Format* summand,
                                               const std::vector<float>& scales) const {
    const auto shape = window_output(params_, source.dims());
    if (summand != nullptr && summand->shape() != shape) {
      throw ShapeError("convolution '" + name_ + "' gives " + to_string(shape) + " and cannot add " +
                       to_string(summand->shape()));
    }
    const auto weight = onednn::any(window_weight(params_, source.dims()[1]), DType::kS8);
    const auto destination =
        summand != nullptr ? onednn::desc(summand->as(result_type())) : onednn::any(shape, result_type());
    const dnnl::memory::dims strides(2, params_.stride), padding(2, params_.padding);
    const auto kind = dnnl::prop_kind::forward_inference;
    const auto algorithm = dnnl::algorithm::convolution_direct;
    if (params_.bias.empty()) {
      return {{kind, algorithm, source, weight, destination, strides, padding, padding},
              attributes(summand != nullptr, scales),
              onednn::cpu()};
    }
    const auto bias = onednn::desc(Format({params_.out_channels}, Layout::kRowMajor));
    return {{kind, algorithm, source, weight, bias, destination, strides, padding, padding},
            attributes(summand != nullptr, scales),
            onednn::cpu()};
  }

  convolution_forward::primitive_desc choose(const Format& source, const Format* summand,
                                             const std::vector<float>& scales) const {
    return onednn::choose_convolution(source, summand, [&](const auto& lies, const Format* added) {
      return describe(lies, added, scales);
    });
  }

  /// Not every processor with products of 8 bits writes bf16 at speed.
  bool is_slow(const Format& source, const Format* summand, const std::vector<float>& scales) const {
    return onednn::is_reference(
        choose(source.as(steps_.source.value().dtype()), summand, scales).impl_info_str());
  }

  void keep_weights(std::int64_t in_channels, const Format& wanted, PackedWeights& weights) {
    const Format plain = plain_weight(params_, in_channels);
    keep(DNNL_ARG_WEIGHTS, wanted, weights.get_int8(params_.weight, steps_.weight_steps, plain, wanted));
  }

  /// A bias joins the sum before that is scaled.
  void keep_bias(const std::vector<float>& scales, PackedWeights& weights) {
    const Format format({params_.out_channels}, Layout::kRowMajor);
    const auto plain = weights.get(params_.bias, format, format);
    auto bias = std::make_shared<Tensor>(TensorSpec{params_.bias, {params_.out_channels}});
    for (std::size_t i = 0; i < scales.size(); ++i)
      bias->values<float>()[i] = plain->values<float>()[i] / scales[i];
    keep(DNNL_ARG_BIAS, format, std::move(bias));
  }

  Conv2dParams params_;
  QuantizedParams steps_;
};

/// Whether our own kernels compute it.
bool is_pointwise(const Conv2dParams& params, const Format& source, const Format* summand) {
  const auto shape = source.shape();
  return shape.size() == 4 && pointwise_int8_can(params, shape[1]) && pointwise_int8_is_quicker(params) &&
         (summand == nullptr || summand->layout() == Layout::kNhwc);
}

}  // namespace

std::unique_ptr<Operator> make_quantized_conv2d(const Conv2dParams& params, const QuantizedParams& steps,
                                                const Format& source, const Format* summand,
                                                PackedWeights& weights, Conv2dAlgorithm algorithm) {
  if (algorithm == Conv2dAlgorithm::kDirect) {
    if (is_pointwise(params, source, summand)) {
      return make_pointwise_int8_conv2d(params, steps, source, summand, weights);
    }
    return std::make_unique<QuantizedConv2d>(params, steps, source, summand, weights);
  }
  // Channels last, as the convolutions in 8 bits have it on both sides.
  const Format from(source.shape(), Layout::kNhwc, steps.source ? steps.source->dtype() : DType::kBf16);
  const auto result = steps.result ? steps.result->dtype() : params.result;
  const Format to(window_output(params, source.shape()), Layout::kNhwc, result);
  if (!winograd_bf16_can(params, from, to)) {
    throw ModelError("convolution '" + params.name + "' cannot be computed by " + to_string(algorithm) +
                     " in 8 bits; that takes 3x3 windows of stride 1, padding 1 and one group over whole "
                     "sixteens of channels, and a processor that multiplies bf16");
  }
  const auto variant =
      algorithm == Conv2dAlgorithm::kWinograd2x2 ? winograd::Variant::kF2x2 : winograd::Variant::kF4x4;
  if (summand == nullptr) {
    return make_winograd_bf16_conv2d(params, variant, &steps, from, to, nullptr, weights);
  }
  const auto held = to.as(steps.result && steps.summand ? steps.summand->dtype() : result);
  return make_winograd_bf16_conv2d(params, variant, &steps, from, to, &held, weights);
}

// Rows are the pixels of a one-line image with the channel fastest, as in f32.
std::unique_ptr<Operator> make_quantized_linear(const Conv2dParams& params, const QuantizedParams& steps,
                                                const Format& source, PackedWeights& weights) {
  const auto shape = source.shape();
  if (shape.size() != 2) {
    throw ShapeError("linear '" + params.name + "' cannot take " + to_string(shape) + "; expected is [R, I]");
  }
  if (pointwise_int8_can(params, shape[1]) && pointwise_int8_is_quicker(params)) {
    return make_pointwise_int8_linear(params, steps, source, weights);
  }
  auto op = std::make_unique<QuantizedConv2d>(
      params, steps, Format({1, shape[1], 1, shape[0]}, Layout::kNhwc), nullptr, weights);
  op->show_rows(shape[0], shape[1]);
  return op;
}

}  // namespace rcnn::engine
