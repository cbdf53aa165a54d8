// SPDX-License-Identifier: MIT
#include "engine/ops/winograd_conv2d.hpp"

#include <omp.h>

#include <algorithm>

#include "engine/ops/winograd/kernels.hpp"
#include "engine/ops/winograd/weight_transform.hpp"
#include "engine/tensor/bf16.hpp"

namespace rcnn::engine {
namespace {

using winograd::Blocking;
using winograd::Problem;

Problem problem_of(const Conv2dParams& params, winograd::Variant variant, const Format& source, bool sum) {
  const auto shape = source.shape();
  const auto extent = [&](std::size_t axis) { return static_cast<std::size_t>(shape[axis]); };
  Problem problem;
  problem.variant = variant;
  problem.batch = extent(0);
  problem.in_channels = extent(1);
  problem.out_channels = static_cast<std::size_t>(params.out_channels);
  problem.height = extent(2);
  problem.width = extent(3);
  problem.block = static_cast<std::size_t>(channel_block(source.layout().value()));
  problem.sum = sum;
  problem.round = params.round_products;
  problem.relu = params.activation == Activation::kRelu;
  problem.threads = static_cast<std::size_t>(omp_get_max_threads());
  return problem;
}

class WinogradConv2d final : public Operator {
 public:
  WinogradConv2d(const Conv2dParams& params, const Problem& problem, const Format& source,
                 const Format& destination, PackedWeights& weights)
      : Operator(params.name), problem_(problem), blocking_(problem) {
    implementation_ = "winograd:" + to_string(problem.variant) + (problem.round ? " rounded to bf16" : "");
    inputs_ = {source};
    output_ = destination;
    if (problem.sum) {
      inputs_.push_back(destination);
      in_place_ = 1;
    }
    scratch_bytes_ = problem.threads * blocking_.scratch_floats() * sizeof(float);
    weights_ = weights.derive(params.weight,
                              {implementation_ + " blocks of " + std::to_string(problem.block),
                               problem.out_channels * problem.in_channels * 9, blocking_.weight_floats(),
                               [&](std::span<const float> plain, std::span<float> result) {
                                 transform_weights(problem_, blocking_, plain, result);
                               }});
    if (params.bias.empty()) return;
    const Format bias({params.out_channels}, Layout::kRowMajor);
    bias_ = weights.get(params.bias, bias, bias);
  }

  void run(std::span<const void* const> inputs, std::span<void* const> outputs,
           void* scratch) const override {
    const auto* source = static_cast<const float*>(inputs[0]);
    auto* destination = static_cast<float*>(outputs[0]);
    const auto* weights = weights_->values<float>().data();
    const auto* bias = bias_ ? bias_->values<float>().data() : nullptr;
    const auto threads = static_cast<int>(problem_.threads);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (std::size_t block = 0; block < blocking_.blocks; ++block) {
      const auto thread = threads > 1 ? static_cast<std::size_t>(omp_get_thread_num()) : 0;
      auto* patches = static_cast<float*>(scratch) + thread * blocking_.scratch_floats();
      auto* products = patches + blocking_.points * blocking_.patch_stride;
      const auto first = block * blocking_.block_tiles;
      const winograd::TileRange tiles{first, std::min(blocking_.block_tiles, blocking_.tiles - first)};
      transform_input(problem_, blocking_, tiles, source, patches);
      if (problem_.round) {
        for (float& value : std::span(patches, blocking_.points * blocking_.patch_stride)) {
          value = nearest_bf16(value);
        }
      }
      multiply(problem_, blocking_, tiles.count, patches, weights, products);
      transform_output(problem_, blocking_, tiles, products, bias, destination);
    }
  }

 private:
  Problem problem_;
  Blocking blocking_;
  std::shared_ptr<const Tensor> weights_;
  std::shared_ptr<const Tensor> bias_;  ///< Null where there is none
};

}  // namespace

bool is_winograd_window(const Conv2dParams& params) {
  return params.kernel == 3 && params.stride == 1 && params.padding == 1 && params.groups == 1 &&
         (params.activation == Activation::kNone || params.activation == Activation::kRelu);
}

bool winograd_can(const Conv2dParams& params, const Format& source, const Format& destination) {
  if (!is_winograd_window(params) || source.dtype() != DType::kF32) return false;
  const auto layout = source.layout();
  if (layout != Layout::kBlocked8 && layout != Layout::kBlocked16) return false;
  const auto block = channel_block(*layout);
  return destination.layout() == layout && source.shape()[1] % block == 0 && params.out_channels % block == 0;
}

std::unique_ptr<Operator> make_winograd_conv2d(const Conv2dParams& params, winograd::Variant variant,
                                               const Format& source, const Format& destination, bool sum,
                                               PackedWeights& weights) {
  return std::make_unique<WinogradConv2d>(params, problem_of(params, variant, source, sum), source,
                                          destination, weights);
}

}  // namespace rcnn::engine
