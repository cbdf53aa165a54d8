// SPDX-License-Identifier: MIT
#include "engine/ops/pointwise_bf16_conv2d.hpp"

#include <omp.h>

#include "engine/ops/platform.hpp"
#include "engine/ops/pointwise/bf16.hpp"
#include "engine/simd/instruction_sets.hpp"

namespace rcnn::engine {
namespace {

using pointwise::Bf16Blocking;
using pointwise::Bf16Problem;

constexpr std::size_t kGroup = 16;  ///< Channels that are neighbours in both layouts

Bf16Problem problem_of(const Conv2dParams& params, const Format& source, const Format& destination,
                       bool sum) {
  const auto shape = destination.shape();
  Bf16Problem problem;
  problem.batch = static_cast<std::size_t>(shape[0]);
  problem.rows = static_cast<std::size_t>(shape[2]);
  problem.columns = static_cast<std::size_t>(shape[3]);
  problem.in_channels = static_cast<std::size_t>(source.shape()[1]);
  problem.out_channels = static_cast<std::size_t>(params.out_channels);
  problem.source = map_strides(source, static_cast<std::size_t>(params.stride));
  problem.destination = map_strides(destination);
  problem.sum = sum;
  problem.relu = params.activation == Activation::kRelu;
  problem.threads = static_cast<std::size_t>(omp_get_max_threads());
  return problem;
}

class PointwiseBf16Conv2d final : public Operator {
 public:
  PointwiseBf16Conv2d(const Conv2dParams& params, const Format& source, const Format& destination, bool sum,
                      PackedWeights& weights)
      : Operator(params.name), problem_(problem_of(params, source, destination, sum)), blocking_(problem_) {
    implementation_ = "pointwise:bf16";
    inputs_ = {source};
    output_ = destination;
    if (sum) {
      inputs_.push_back(destination);
      in_place_ = 1;
    }
    scratch_bytes_ = problem_.threads * blocking_.scratch_bytes();
    const auto count = blocking_.weight_count();
    weights_ = weights.derive(
        params.weight, {implementation_, problem_.out_channels * problem_.in_channels, (count + 1) / 2,
                        [&](auto plain, auto result) {
                          auto* packed = static_cast<std::uint16_t*>(static_cast<void*>(result.data()));
                          pack_weights(problem_, blocking_, plain, {packed, count});
                        }});
    if (params.bias.empty()) return;
    const Format bias({params.out_channels}, Layout::kRowMajor);
    bias_ = weights.get(params.bias, bias, bias);
  }

  /// Shows two axes where the convolution sees [1, C, 1, R].
  void show_rows(std::int64_t rows, std::int64_t columns) {
    inputs_ = {Format({rows, columns}, Layout::kRowMajor, DType::kBf16)};
    const auto out = static_cast<std::int64_t>(problem_.out_channels);
    output_ = Format({rows, out}, Layout::kRowMajor, DType::kBf16);
  }

  void run(std::span<const void* const> inputs, std::span<void* const> outputs,
           void* scratch) const override {
    const auto* source = static_cast<const std::uint16_t*>(inputs[0]);
    const auto* weights = static_cast<const std::uint16_t*>(weights_->data());
    const auto* bias = bias_ ? bias_->values<float>().data() : nullptr;
    const auto threads = static_cast<int>(problem_.threads);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (std::size_t block = 0; block < blocking_.blocks; ++block) {
      const auto thread = threads > 1 ? static_cast<std::size_t>(omp_get_thread_num()) : 0;
      run_bf16(problem_, blocking_, block, source, weights, bias, static_cast<std::uint16_t*>(outputs[0]),
               static_cast<std::byte*>(scratch) + thread * blocking_.scratch_bytes());
    }
  }

 private:
  Bf16Problem problem_;
  Bf16Blocking blocking_;
  std::shared_ptr<const Tensor> weights_;
  std::shared_ptr<const Tensor> bias_;  ///< Null where there is none
};

}  // namespace

bool pointwise_bf16_can(const Conv2dParams& params, const Format& source, const Format& destination) {
  const auto layout = source.layout();
  const bool fits = params.kernel == 1 && params.padding == 0 && params.groups == 1 &&
                    (params.activation == Activation::kNone || params.activation == Activation::kRelu);
  // Places in an image are counted in 32 bits.
  constexpr auto kMostInImage = std::int64_t{1} << 32;
  const auto image = [](const Format& map) { return element_count(map.shape()) / map.shape().at(0); };
  return fits && image(source) < kMostInImage && image(destination) < kMostInImage &&
         source.dtype() == DType::kBf16 && destination.dtype() == DType::kBf16 &&
         (layout == Layout::kNhwc || layout == Layout::kBlocked16) && destination.layout() == layout &&
         source.shape().at(1) % static_cast<std::int64_t>(kGroup) == 0 &&
         params.out_channels % static_cast<int>(kGroup) == 0 && pointwise::can_run_bf16() &&
         multiplies_bf16() && instruction_set().starts_with("AVX3");
}

std::unique_ptr<Operator> make_pointwise_bf16_conv2d(const Conv2dParams& params, const Format& source,
                                                     const Format& destination, bool sum,
                                                     PackedWeights& weights) {
  return std::make_unique<PointwiseBf16Conv2d>(params, source, destination, sum, weights);
}

std::unique_ptr<Operator> make_pointwise_bf16_linear(const Conv2dParams& params, const Format& source,
                                                     PackedWeights& weights) {
  const auto shape = source.shape();
  const Format rows({1, shape.at(1), 1, shape[0]}, Layout::kNhwc, source.dtype());
  const Format result({1, params.out_channels, 1, shape[0]}, Layout::kNhwc, params.result);
  if (!pointwise_bf16_can(params, rows, result)) return nullptr;
  auto op = std::make_unique<PointwiseBf16Conv2d>(params, rows, result, false, weights);
  op->show_rows(shape[0], shape[1]);
  return op;
}

}  // namespace rcnn::engine
