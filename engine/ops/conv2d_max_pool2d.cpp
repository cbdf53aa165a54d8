// SPDX-License-Identifier: MIT
#include <omp.h>

#include <algorithm>
#include <vector>

#include "engine/ops/joined_name.hpp"
#include "engine/ops/ops.hpp"
#include "engine/ops/platform.hpp"
#include "engine/ops/stem/bf16.hpp"
#include "engine/simd/instruction_sets.hpp"

namespace rcnn::engine {
namespace {

using stem::Bf16Blocking;
using stem::Bf16Problem;

Bf16Problem problem_of(const Conv2dParams& params, const Format& source) {
  const auto shape = source.shape();
  const auto extent = [&](std::size_t axis) { return static_cast<std::size_t>(shape[axis]); };
  Bf16Problem problem;
  problem.images = extent(0);
  problem.height = extent(2);
  problem.width = extent(3);
  problem.kernel = static_cast<std::size_t>(params.kernel);
  problem.padding = static_cast<std::size_t>(params.padding);
  problem.out_channels = static_cast<std::size_t>(params.out_channels);
  problem.threads = static_cast<std::size_t>(omp_get_max_threads());
  return problem;
}

class Conv2dMaxPool2d final : public Operator {
 public:
  Conv2dMaxPool2d(const Conv2dParams& params, const std::string& pool, const Format& source,
                  PackedWeights& weights)
      : Operator(joined_name(params.name, pool)),
        problem_(problem_of(params, source)),
        blocking_(problem_),
        bias_(blocking_.panels * Bf16Blocking::kPanelWidth) {
    implementation_ = "stem:bf16";
    inputs_ = {source};
    const auto extent = [](std::size_t value) { return static_cast<std::int64_t>(value); };
    output_ = Format({source.shape()[0], params.out_channels, extent(blocking_.pooled_height),
                      extent(blocking_.pooled_width)},
                     Layout::kNhwc, DType::kBf16);
    // Which layers after it then keep to: 1x1 ones ask ahead for fewer lines than in blocks, and 3x3 ones do
    // not mind.
    problem_.destination = map_strides(output_);
    scratch_bytes_ = problem_.threads * blocking_.scratch_bytes;
    const auto count = blocking_.panels * blocking_.panel_weights;
    const auto floats = problem_.out_channels * Bf16Problem::kChannels * problem_.kernel * problem_.kernel;
    weights_ = weights.derive(
        params.weight,
        {implementation_, floats, count / 2, [&](auto plain, auto result) {
           auto* packed = static_cast<void*>(result.data());
           pack_weights(problem_, blocking_, plain, {static_cast<std::uint16_t*>(packed), count});
         }});
    if (params.bias.empty()) return;
    const Format row({params.out_channels}, Layout::kRowMajor);
    std::ranges::copy(weights.get(params.bias, row, row)->values<float>(), bias_.begin());
  }

  void run(std::span<const void* const> inputs, std::span<void* const> outputs,
           void* scratch) const override {
    const auto* weights = static_cast<const std::uint16_t*>(weights_->data());
    const auto threads = static_cast<int>(problem_.threads);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
    for (std::size_t strip = 0; strip < problem_.images * blocking_.image_strips; ++strip) {
      const auto thread = threads > 1 ? static_cast<std::size_t>(omp_get_thread_num()) : 0;
      run_bf16(problem_, blocking_, strip, static_cast<const std::uint16_t*>(inputs[0]), weights,
               bias_.data(), static_cast<std::uint16_t*>(outputs[0]),
               static_cast<std::byte*>(scratch) + thread * blocking_.scratch_bytes);
    }
  }

 private:
  Bf16Problem problem_;
  Bf16Blocking blocking_;
  std::shared_ptr<const Tensor> weights_;
  std::vector<float> bias_;  ///< Zeros where there is none, and after the last channel
};

bool can(const Conv2dParams& params, const Shape& source) {
  const auto at_most = [](int value, std::size_t most) { return value <= static_cast<int>(most); };
  if (source.size() != 4 || source[1] != std::int64_t{Bf16Problem::kChannels}) return false;
  const auto fits = [&](std::size_t axis) { return source[axis] + 2 * params.padding >= params.kernel; };
  return params.stride == static_cast<int>(Bf16Problem::kStride) && params.groups == 1 &&
         at_most(params.kernel, Bf16Problem::kMostKernel) &&
         at_most(params.padding, Bf16Problem::kMostPadding) && params.out_channels % 32 == 0 &&
         params.activation == Activation::kRelu && params.result == DType::kBf16 && fits(2) && fits(3);
}

}  // namespace

std::unique_ptr<Operator> make_conv2d_max_pool2d(const Conv2dParams& params, const std::string& pool,
                                                 const Format& source, PackedWeights& weights) {
  const bool runs = stem::can_run_bf16() && multiplies_bf16() && instruction_set().starts_with("AVX3");
  if (!runs || source.dtype() != DType::kBf16 || !can(params, source.shape())) return nullptr;
  const Format image(source.shape(), Layout::kNhwc, DType::kBf16);
  return std::make_unique<Conv2dMaxPool2d>(params, pool, image, weights);
}

}  // namespace rcnn::engine
