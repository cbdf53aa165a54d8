// SPDX-License-Identifier: MIT
#include "engine/ops/pointwise_float_conv2d.hpp"

#include <omp.h>

#include "engine/ops/platform.hpp"
#include "engine/ops/pointwise/floats.hpp"
#include "engine/simd/instruction_sets.hpp"

namespace rcnn::engine {
namespace {

using pointwise::FloatBlocking;
using pointwise::FloatProblem;

constexpr std::size_t kGroup = 16;  ///< Channels that are neighbours in both layouts

FloatProblem problem_of(const Conv2dParams& params, const Format& source, const Format& destination,
                        bool sum) {
  const auto shape = destination.shape();
  FloatProblem problem;
  problem.batch = static_cast<std::size_t>(shape[0]);
  problem.rows = static_cast<std::size_t>(shape[2]);
  problem.columns = static_cast<std::size_t>(shape[3]);
  problem.in_channels = static_cast<std::size_t>(source.shape()[1]);
  problem.out_channels = static_cast<std::size_t>(params.out_channels);
  problem.source = map_strides(source, static_cast<std::size_t>(params.stride));
  problem.destination = map_strides(destination);
  problem.element = element_of(source);
  problem.sum = sum;
  problem.relu = params.activation == Activation::kRelu;
  problem.threads = static_cast<std::size_t>(omp_get_max_threads());
  return problem;
}

/// In vectors of AVX-512.
bool multiplies(DType type) {
  if (type == DType::kF32) return pointwise::can_run_floats(Element::kF32);
  return type == DType::kBf16 && multiplies_bf16() && !multiplies_tiles() &&
         pointwise::can_run_floats(Element::kBf16);
}

class PointwiseFloatConv2d final : public Operator {
 public:
  PointwiseFloatConv2d(const Conv2dParams& params, const Format& source, const Format& destination, bool sum,
                       PackedWeights& weights)
      : Operator(params.name), problem_(problem_of(params, source, destination, sum)), blocking_(problem_) {
    implementation_ = "pointwise:" + to_string(source.dtype());
    inputs_ = {source};
    output_ = destination;
    if (sum) {
      inputs_.push_back(destination);
      in_place_ = 1;
    }
    scratch_bytes_ = problem_.threads * blocking_.scratch_bytes();
    const auto bytes = blocking_.weight_count() * size_of(source.dtype());
    weights_ = weights.derive(params.weight,
                              {implementation_, problem_.out_channels * problem_.in_channels,
                               (bytes + sizeof(float) - 1) / sizeof(float), [&](auto plain, auto result) {
                                 pack_weights(problem_, blocking_, plain, result.data());
                               }});
    if (params.bias.empty()) return;
    const Format bias({params.out_channels}, Layout::kRowMajor);
    bias_ = weights.get(params.bias, bias, bias);
  }

  /// Shows two axes where the convolution sees [1, C, 1, R].
  void show_rows(std::int64_t rows, std::int64_t columns) {
    const auto out = static_cast<std::int64_t>(problem_.out_channels);
    inputs_ = {Format({rows, columns}, Layout::kRowMajor, inputs_[0].dtype())};
    output_ = Format({rows, out}, Layout::kRowMajor, output_.dtype());
  }

  void run(std::span<const void* const> inputs, std::span<void* const> outputs,
           void* scratch) const override {
    const auto* bias = bias_ ? bias_->values<float>().data() : nullptr;
    const auto threads = static_cast<int>(problem_.threads);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (std::size_t block = 0; block < blocking_.blocks; ++block) {
      const auto thread = threads > 1 ? static_cast<std::size_t>(omp_get_thread_num()) : 0;
      run_floats(problem_, blocking_, block,
                 {inputs[0], weights_->data(), bias, outputs[0],
                  static_cast<std::byte*>(scratch) + thread * blocking_.scratch_bytes()});
    }
  }

 private:
  FloatProblem problem_;
  FloatBlocking blocking_;
  std::shared_ptr<const Tensor> weights_;
  std::shared_ptr<const Tensor> bias_;  ///< Null where there is none
};

}  // namespace

bool pointwise_float_can(const Conv2dParams& params, const Format& source, const Format& destination) {
  const auto layout = source.layout();
  const bool fits = params.kernel == 1 && params.padding == 0 && params.groups == 1 &&
                    (params.activation == Activation::kNone || params.activation == Activation::kRelu);
  // Places in an image are counted in 32 bits.
  constexpr auto kMostInImage = std::int64_t{1} << 32;
  const auto image = [](const Format& map) { return element_count(map.shape()) / map.shape().at(0); };
  return fits && image(source) < kMostInImage && image(destination) < kMostInImage &&
         destination.dtype() == source.dtype() && (layout == Layout::kNhwc || layout == Layout::kBlocked16) &&
         destination.layout() == layout && source.shape().at(1) % static_cast<std::int64_t>(kGroup) == 0 &&
         params.out_channels % static_cast<int>(kGroup) == 0 && multiplies(source.dtype()) &&
         instruction_set().starts_with("AVX3");
}

std::unique_ptr<Operator> make_pointwise_float_conv2d(const Conv2dParams& params, const Format& source,
                                                      const Format& destination, bool sum,
                                                      PackedWeights& weights) {
  return std::make_unique<PointwiseFloatConv2d>(params, source, destination, sum, weights);
}

std::unique_ptr<Operator> make_pointwise_float_linear(const Conv2dParams& params, const Format& source,
                                                      PackedWeights& weights) {
  const auto shape = source.shape();
  const Format rows({1, shape.at(1), 1, shape[0]}, Layout::kNhwc, source.dtype());
  const Format result({1, params.out_channels, 1, shape[0]}, Layout::kNhwc, params.result);
  if (!pointwise_float_can(params, rows, result)) return nullptr;
  auto op = std::make_unique<PointwiseFloatConv2d>(params, rows, result, false, weights);
  op->show_rows(shape[0], shape[1]);
  return op;
}

}  // namespace rcnn::engine
