// SPDX-License-Identifier: MIT
#include "engine/ops/winograd_bf16_conv2d.hpp"

#include <omp.h>

#include "engine/ops/platform.hpp"
#include "engine/ops/winograd/bf16.hpp"
#include "engine/ops/winograd/weight_transform.hpp"
#include "engine/ops/winograd_conv2d.hpp"
#include "engine/simd/instruction_sets.hpp"

namespace rcnn::engine {
namespace {

using winograd::Bf16Blocking;
using winograd::Bf16Problem;

constexpr std::size_t kGroup = 16;  ///< Channels that are neighbours in both layouts

Bf16Problem problem_of(const Conv2dParams& params, winograd::Variant variant, const QuantizedParams* steps,
                       const Format& source, const Format& destination, const Format* summand) {
  const auto shape = source.shape();
  const auto extent = [&](std::size_t axis) { return static_cast<std::size_t>(shape[axis]); };
  Bf16Problem problem;
  problem.variant = variant;
  problem.batch = extent(0);
  problem.in_channels = extent(1);
  problem.out_channels = static_cast<std::size_t>(params.out_channels);
  problem.height = extent(2);
  problem.width = extent(3);
  problem.source = element_of(source);
  problem.destination = element_of(destination);
  problem.summand = summand != nullptr ? element_of(*summand) : problem.destination;
  problem.source_strides = map_strides(source);
  problem.destination_strides = map_strides(destination);
  problem.sum = summand != nullptr;
  problem.relu = params.activation == Activation::kRelu;
  problem.threads = static_cast<std::size_t>(omp_get_max_threads());
  if (steps == nullptr) return problem;
  const float unit = steps->result ? steps->result->step : 1.F;
  if (size_of(source.dtype()) == 1) problem.scale = steps->source.value().step;
  problem.scale /= unit;
  if (summand != nullptr && size_of(summand->dtype()) == 1) {
    problem.summand_scale = steps->summand.value().step / unit;
  }
  return problem;
}

class WinogradBf16Conv2d final : public Operator {
 public:
  WinogradBf16Conv2d(const Conv2dParams& params, const Bf16Problem& problem, float unit, const Format& source,
                     const Format& destination, const Format* summand, PackedWeights& weights)
      : Operator(params.name), problem_(problem), blocking_(problem) {
    implementation_ = "winograd:" + to_string(problem.variant) + " bf16";
    inputs_ = {source};
    output_ = destination;
    if (summand != nullptr) {
      inputs_.push_back(*summand);
      in_place_ = 1;
    }
    scratch_bytes_ = problem.threads * blocking_.scratch_bytes();
    const auto count = blocking_.weight_count();
    weights_ = weights.derive(
        params.weight, {implementation_, problem.out_channels * problem.in_channels * 9, (count + 1) / 2,
                        [&](auto plain, auto result) {
                          transform_weights_bf16(problem_, blocking_, plain, {as_bf16(result.data()), count});
                        }});
    if (!params.bias.empty()) keep_bias(params, unit, weights);
  }

  void run(std::span<const void* const> inputs, std::span<void* const> outputs,
           void* scratch) const override {
    const auto* weights = static_cast<const std::uint16_t*>(weights_->data());
    const auto* bias = bias_ ? bias_->values<float>().data() : nullptr;
    const auto threads = static_cast<int>(problem_.threads);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (std::size_t block = 0; block < blocking_.blocks; ++block) {
      const auto thread = threads > 1 ? static_cast<std::size_t>(omp_get_thread_num()) : 0;
      run_bf16(problem_, blocking_, block, inputs[0], weights, bias, outputs[0],
               static_cast<std::byte*>(scratch) + thread * blocking_.scratch_bytes());
    }
  }

 private:
  static std::uint16_t* as_bf16(float* values) {
    return static_cast<std::uint16_t*>(static_cast<void*>(values));
  }

  /// In units of the result's step.
  void keep_bias(const Conv2dParams& params, float unit, PackedWeights& weights) {
    const Format format({params.out_channels}, Layout::kRowMajor);
    bias_ = weights.get(params.bias, format, format);
    if (unit == 1.F) return;
    auto scaled = std::make_shared<Tensor>(TensorSpec{params.bias, {params.out_channels}});
    for (std::size_t i = 0; i < problem_.out_channels; ++i) {
      scaled->values<float>()[i] = bias_->values<float>()[i] / unit;
    }
    bias_ = std::move(scaled);
  }

  Bf16Problem problem_;
  Bf16Blocking blocking_;
  std::shared_ptr<const Tensor> weights_;
  std::shared_ptr<const Tensor> bias_;  ///< Null where there is none
};

}  // namespace

bool winograd_multiplies_bf16() {
  return winograd::can_run_bf16() && multiplies_bf16() && instruction_set().starts_with("AVX3");
}

bool winograd_bf16_computes(const Conv2dParams& params, std::int64_t in_channels) {
  return is_winograd_window(params) && static_cast<std::size_t>(in_channels) % kGroup == 0 &&
         static_cast<std::size_t>(params.out_channels) % kGroup == 0;
}

bool winograd_bf16_can(const Conv2dParams& params, const Format& source, const Format& destination) {
  const auto type = source.dtype();
  if (type != DType::kBf16 && type != DType::kU8 && type != DType::kS8) return false;
  // Asked of each layout: of a map of one cell, values lie alike in several.
  const auto lie = [&](Layout layout) { return source.lies_as(layout) && destination.lies_as(layout); };
  return winograd_multiplies_bf16() && winograd_bf16_computes(params, source.shape().at(1)) &&
         (lie(Layout::kNhwc) || lie(Layout::kBlocked16));
}

std::unique_ptr<Operator> make_winograd_bf16_conv2d(const Conv2dParams& params, winograd::Variant variant,
                                                    const QuantizedParams* steps, const Format& source,
                                                    const Format& destination, const Format* summand,
                                                    PackedWeights& weights) {
  const float unit = steps != nullptr && steps->result ? steps->result->step : 1.F;
  return std::make_unique<WinogradBf16Conv2d>(
      params, problem_of(params, variant, steps, source, destination, summand), unit, source, destination,
      summand, weights);
}

}  // namespace rcnn::engine
