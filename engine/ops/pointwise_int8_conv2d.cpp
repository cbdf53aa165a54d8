// SPDX-License-Identifier: MIT
#include "engine/ops/pointwise_int8_conv2d.hpp"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/errors.hpp"
#include "engine/ops/platform.hpp"
#include "engine/ops/pointwise/int8.hpp"
#include "engine/ops/window.hpp"
#include "engine/simd/instruction_sets.hpp"

namespace rcnn::engine {
namespace {

using pointwise::Int8Blocking;
using pointwise::Int8Problem;

Int8Problem problem_of(const Conv2dParams& params, const QuantizedParams& steps, const Format& source,
                       const Format& destination, const Format* summand) {
  const auto from = source.shape(), to = destination.shape();
  const auto extent = [](const Shape& shape, std::size_t axis) {
    return static_cast<std::size_t>(shape[axis]);
  };
  Int8Problem problem;
  problem.in_channels = extent(from, 1);
  problem.out_channels = static_cast<std::size_t>(params.out_channels);
  problem.pixels = extent(to, 0) * extent(to, 2) * extent(to, 3);
  const auto stride = static_cast<std::size_t>(params.stride), line = extent(from, 3) * problem.in_channels;
  problem.source_pixels = {extent(to, 3), extent(to, 2), stride * problem.in_channels, stride * line,
                           extent(from, 2) * line};
  problem.source = element_of(source);
  problem.destination = element_of(destination);
  problem.summand = summand != nullptr ? element_of(*summand) : problem.destination;
  problem.sum = summand != nullptr;
  problem.relu = params.activation == Activation::kRelu;
  if (problem.sum && steps.result) problem.summand_scale = steps.summand.value().step / steps.result->step;
  problem.threads = static_cast<std::size_t>(omp_get_max_threads());
  return problem;
}

/// As they were quantized: the nearest.
std::vector<std::int8_t> integers_of(std::span<const float> values, std::span<const float> steps) {
  // What is added and taken away again leaves no place for fractions: std::nearbyint as two instructions,
  // where the library's is a call for each of 25 million values.
  constexpr float kNoFractions = 0x1.8p23F;
  std::vector<std::int8_t> integers(values.size());
  const auto columns = values.size() / steps.size();
  const auto* value = values.data();
  auto* integer = integers.data();
  for (const float step : steps) {
    for (std::size_t i = 0; i < columns; ++i) {
      const float quotient = std::clamp(*value++ / step, -128.F, 127.F);
      *integer++ = static_cast<std::int8_t>((quotient + kNoFractions) - kNoFractions);
    }
  }
  return integers;
}

class PointwiseInt8Conv2d final : public Operator {
 public:
  PointwiseInt8Conv2d(const Conv2dParams& params, const QuantizedParams& steps, const Format& source,
                      const Format& destination, const Format* summand, PackedWeights& weights)
      : Operator(params.name),
        problem_(problem_of(params, steps, source, destination, summand)),
        blocking_(problem_) {
    implementation_ = "pointwise:int8 vnni";
    inputs_ = {source};
    output_ = destination;
    if (summand != nullptr) {
      inputs_.push_back(*summand);
      in_place_ = 1;
    }
    scratch_bytes_ = problem_.threads * blocking_.scratch_bytes();
    keep_weights(params, steps, weights);
    keep_factors(params, steps, weights);
  }

  /// Shows two axes where the convolution sees [1, C, 1, R].
  void show_rows(std::int64_t rows, std::int64_t columns) {
    inputs_ = {Format({rows, columns}, Layout::kRowMajor, inputs_[0].dtype())};
    const auto out = static_cast<std::int64_t>(problem_.out_channels);
    output_ = Format({rows, out}, Layout::kRowMajor, output_.dtype());
  }

  void run(std::span<const void* const> inputs, std::span<void* const> outputs,
           void* scratch) const override {
    const auto* starts = reinterpret_cast<const std::int32_t*>(weights_->data());
    const auto* scales = factors_.values<float>().data();
    const pointwise::Int8Weights weights{reinterpret_cast<const std::int8_t*>(starts + places()), starts,
                                         scales, scales + places()};
    const auto threads = static_cast<int>(problem_.threads);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (std::size_t block = 0; block < blocking_.blocks; ++block) {
      const auto thread = threads > 1 ? static_cast<std::size_t>(omp_get_thread_num()) : 0;
      run_int8(problem_, blocking_, block, inputs[0], weights, outputs[0],
               static_cast<std::byte*>(scratch) + thread * blocking_.scratch_bytes());
    }
  }

 private:
  std::size_t places() const { return blocking_.panels * Int8Blocking::kPanelWidth; }

  /// What sums begin with, then the weights.
  void keep_weights(const Conv2dParams& params, const QuantizedParams& steps, PackedWeights& weights) {
    const Format row({params.out_channels}, Layout::kRowMajor);
    const auto weight_steps = weights.get(steps.weight_steps, row, row);
    const bool in_quarters = size_of(output_.dtype()) == 1;
    const std::string kind =
        implementation_ + (in_quarters ? " quarters" : "") + (problem_.source == Element::kS8 ? " s8" : "");
    weights_ = weights.derive(
        params.weight,
        {kind, problem_.out_channels * problem_.in_channels,
         places() + blocking_.panels * blocking_.panel_weights / sizeof(float), [&](auto plain, auto result) {
           auto* starts = static_cast<std::int32_t*>(static_cast<void*>(result.data()));
           pack_weights(problem_, blocking_,
                        integers_of(plain, weight_steps->template values<float>()).data(),
                        reinterpret_cast<std::int8_t*>(starts + places()), starts);
         }});
  }

  /// Scales and biases in units of the result's step, in the order of the sums.
  void keep_factors(const Conv2dParams& params, const QuantizedParams& steps, PackedWeights& weights) {
    const Format row({params.out_channels}, Layout::kRowMajor);
    const auto weight_steps = weights.get(steps.weight_steps, row, row);
    const auto bias = params.bias.empty() ? nullptr : weights.get(params.bias, row, row);
    const float unit = steps.result ? steps.result->step : 1.F;
    factors_ = Tensor({"factors", {2, static_cast<std::int64_t>(places())}});
    const auto factors = factors_.values<float>();
    std::ranges::fill(factors, 0.F);
    for (std::size_t place = 0; place < places(); ++place) {
      const auto in_panel = place % Int8Blocking::kPanelWidth;
      const auto channel = place - in_panel + Int8Blocking::channel_at(problem_.destination, in_panel);
      if (channel >= problem_.out_channels) continue;
      factors[place] = weight_steps->values<float>()[channel] * steps.source.value().step / unit;
      if (bias) factors[places() + place] = bias->values<float>()[channel] / unit;
    }
  }

  Int8Problem problem_;
  Int8Blocking blocking_;
  std::shared_ptr<const Tensor> weights_;
  Tensor factors_;
};

}  // namespace

bool pointwise_int8_can(const Conv2dParams& params, std::int64_t in_channels) {
  const auto activation = params.activation;
  return pointwise::can_run_int8() && multiplies_int8() && !multiplies_tiles() &&
         instruction_set().starts_with("AVX3") && params.kernel == 1 && params.padding == 0 &&
         params.groups == 1 && in_channels % 4 == 0 &&
         (activation == Activation::kNone || activation == Activation::kRelu);
}

bool pointwise_int8_is_quicker(const Conv2dParams& params) {
  return params.out_channels % static_cast<int>(Int8Blocking::kPanelWidth) == 0;
}

std::unique_ptr<Operator> make_pointwise_int8_conv2d(const Conv2dParams& params, const QuantizedParams& steps,
                                                     const Format& source, const Format* summand,
                                                     PackedWeights& weights) {
  const auto result = steps.result ? steps.result->dtype() : params.result;
  const Format from(source.shape(), Layout::kNhwc, steps.source.value().dtype());
  const Format to(window_output(params, source.shape()), Layout::kNhwc, result);
  if (summand == nullptr) {
    return std::make_unique<PointwiseInt8Conv2d>(params, steps, from, to, nullptr, weights);
  }
  if (summand->shape() != to.shape()) {
    throw ShapeError("convolution '" + params.name + "' gives " + to_string(to.shape()) + " and cannot add " +
                     to_string(summand->shape()));
  }
  const auto held = to.as(steps.result && steps.summand ? steps.summand->dtype() : result);
  return std::make_unique<PointwiseInt8Conv2d>(params, steps, from, to, &held, weights);
}

std::unique_ptr<Operator> make_pointwise_int8_linear(const Conv2dParams& params, const QuantizedParams& steps,
                                                     const Format& source, PackedWeights& weights) {
  const auto shape = source.shape();
  const auto result = steps.result ? steps.result->dtype() : params.result;
  const Format rows({1, shape.at(1), 1, shape[0]}, Layout::kNhwc, steps.source.value().dtype());
  const Format to({1, params.out_channels, 1, shape[0]}, Layout::kNhwc, result);
  auto op = std::make_unique<PointwiseInt8Conv2d>(params, steps, rows, to, nullptr, weights);
  op->show_rows(shape[0], shape[1]);
  return op;
}

}  // namespace rcnn::engine
