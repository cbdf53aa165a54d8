// SPDX-License-Identifier: MIT
#include <omp.h>

#include <algorithm>
#include <cstring>

#include "engine/ops/joined_name.hpp"
#include "engine/ops/ops.hpp"
#include "engine/ops/platform.hpp"
#include "engine/ops/pointwise/narrow.hpp"
#include "engine/ops/window.hpp"
#include "engine/simd/instruction_sets.hpp"
#include "engine/tensor/bf16.hpp"

namespace rcnn::engine {
namespace {

using pointwise::NarrowProblem;

constexpr std::size_t kLanes = NarrowProblem::kMostChannels;
constexpr std::size_t kBlock = 1024;  ///< Cells that a thread takes at a time

/// One of the two.
struct Part {
  const Conv2dParams& params;
  const QuantizedParams* steps;  ///< Null where nothing is in 8 bits
};

NarrowProblem problem_of(const Part& first, const Part& second, const Format& source) {
  const auto shape = source.shape();
  NarrowProblem problem;
  problem.cells = static_cast<std::size_t>(shape[2] * shape[3]);
  problem.in_channels = static_cast<std::size_t>(shape[1]);
  problem.first_channels = static_cast<std::size_t>(first.params.out_channels);
  problem.second_channels = static_cast<std::size_t>(second.params.out_channels);
  problem.source = element_of(source);
  problem.strides = map_strides(source);
  return problem;
}

std::string implementation_of(DType source) {
  if (source == DType::kF32) return "pointwise:f32 pair";
  return source == DType::kBf16 ? "pointwise:bf16 pair" : "pointwise:int8 vnni pair";
}

class Conv2dPair final : public Operator {
 public:
  Conv2dPair(const Part& first, const Part& second, const Format& source, PackedWeights& weights)
      : Operator(joined_name(first.params.name, second.params.name)),
        problem_(problem_of(first, second, source)),
        images_(static_cast<std::size_t>(source.shape()[0])),
        threads_(omp_get_max_threads()),
        packed_({"weights", {source.shape()[1] * std::int64_t{kLanes}}, as_weight(source.dtype())}) {
    implementation_ = implementation_of(source.dtype());
    inputs_ = {source};
    output_ = Format(window_output(first.params, source.shape()), Layout::kNhwc);
    further_outputs_ = {Format(window_output(second.params, source.shape()), Layout::kNhwc)};
    std::memset(packed_.data(), 0, packed_.spec().bytes());
    scales_.fill(1.F);
    keep(first, 0, weights);
    keep(second, problem_.first_channels, weights);
  }

  void run(std::span<const void* const> inputs, std::span<void* const> outputs, void*) const override {
    const pointwise::NarrowWeights weights{packed_.data(), starts_.data(), scales_.data(), biases_.data()};
    const auto blocks = (problem_.cells + kBlock - 1) / kBlock;
#pragma omp parallel for num_threads(threads_) if (threads_ > 1) schedule(static)
    for (std::size_t block = 0; block < images_ * blocks; ++block) {
      const auto begin = block % blocks * kBlock;
      run_narrow(problem_, {block / blocks, begin, std::min(begin + kBlock, problem_.cells)}, inputs[0],
                 weights, static_cast<float*>(outputs[0]), static_cast<float*>(outputs[1]));
    }
  }

 private:
  static DType as_weight(DType source) { return size_of(source) == 1 ? DType::kS8 : source; }

  /// \param lane  of the part's first channel
  void keep(const Part& part, std::size_t lane, PackedWeights& weights) {
    const auto& params = part.params;
    const Format plain({params.out_channels, static_cast<std::int64_t>(problem_.in_channels)},
                       Layout::kRowMajor);
    const Format row({params.out_channels}, Layout::kRowMajor);
    if (part.steps == nullptr) {
      const auto values = weights.get(params.weight, plain, plain);
      if (problem_.source == Element::kBf16) {
        pack<std::uint16_t>(values->values<float>(), lane, to_bf16);
      } else {
        pack<float>(values->values<float>(), lane, [](float value) { return value; });
      }
    } else {
      const auto& names = *part.steps;
      const auto integers = weights.get_int8(params.weight, names.weight_steps, plain, plain.as(DType::kS8));
      pack<std::int8_t>(std::span(static_cast<const std::int8_t*>(integers->data()), plain.bytes() / 4), lane,
                        [](std::int8_t value) { return value; });
      const auto steps = weights.get(names.weight_steps, row, row);
      for (std::size_t i = 0; const float step : steps->values<float>()) {
        scales_[lane + i++] = step * names.source.value().step;
      }
    }
    if (params.bias.empty()) return;
    std::ranges::copy(weights.get(params.bias, row, row)->values<float>(), biases_.begin() + lane);
  }

  template <typename Packed, typename Value, typename Convert>
  void pack(std::span<const Value> values, std::size_t lane, const Convert& convert) {
    constexpr std::size_t kTogether = 4 / sizeof(Packed);
    const auto packed = packed_.values<Packed>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto out = lane + i / problem_.in_channels, in = i % problem_.in_channels;
      packed[(in / kTogether * kLanes + out) * kTogether + in % kTogether] = convert(values[i]);
      if constexpr (sizeof(Packed) == 1) {
        if (problem_.source == Element::kS8) starts_[out] -= 128 * values[i];
      }
    }
  }

  NarrowProblem problem_;
  std::size_t images_;
  int threads_;
  Tensor packed_;
  std::array<std::int32_t, kLanes> starts_{};
  std::array<float, kLanes> scales_{}, biases_{};
};

bool multiplies(DType type) {
  if (type == DType::kF32) return true;
  return type == DType::kBf16 ? multiplies_bf16() : multiplies_int8();
}

bool can(const Conv2dParams& params) {
  return params.kernel == 1 && params.stride == 1 && params.padding == 0 && params.groups == 1 &&
         params.activation == Activation::kNone && params.result == DType::kF32;
}

std::unique_ptr<Operator> make(const Part& first, const Part& second, const Format& source,
                               PackedWeights& weights) {
  const auto layout = source.layout();
  const auto channels = first.params.out_channels + second.params.out_channels;
  const bool fits = can(first.params) && can(second.params) && channels <= static_cast<int>(kLanes) &&
                    (layout == Layout::kNhwc || layout == Layout::kBlocked16) &&
                    source.shape()[1] % static_cast<std::int64_t>(kLanes) == 0;
  if (!fits || !instruction_set().starts_with("AVX3") || !multiplies(source.dtype()) ||
      !pointwise::can_run_narrow(element_of(source))) {
    return nullptr;
  }
  return std::make_unique<Conv2dPair>(first, second, source, weights);
}

}  // namespace

std::unique_ptr<Operator> make_conv2d_pair(const Conv2dParams& first, const Conv2dParams& second,
                                           const Format& source, PackedWeights& weights) {
  return make({first, nullptr}, {second, nullptr}, source, weights);
}

std::unique_ptr<Operator> make_quantized_conv2d_pair(const Conv2dParams& first,
                                                     const QuantizedParams& first_steps,
                                                     const Conv2dParams& second,
                                                     const QuantizedParams& second_steps,
                                                     const Format& source, PackedWeights& weights) {
  if (!first_steps.source || first_steps.source != second_steps.source || first_steps.result ||
      second_steps.result || source.shape().size() != 4) {
    return nullptr;
  }
  const Format held(source.shape(), Layout::kNhwc, first_steps.source->dtype());
  return make({first, &first_steps}, {second, &second_steps}, held, weights);
}

}  // namespace rcnn::engine
