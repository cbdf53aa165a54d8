// SPDX-License-Identifier: MIT
#include "engine/runtime/conv2d_costs.hpp"

#include <time.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "engine/ops/platform.hpp"

namespace rcnn::engine {
namespace {

constexpr std::array<Conv2dAlgorithm, 3> kAlgorithms{Conv2dAlgorithm::kDirect, Conv2dAlgorithm::kWinograd2x2,
                                                     Conv2dAlgorithm::kWinograd4x4};
constexpr std::array<std::int64_t, 2> kSides{8, 28};
constexpr int kRounds = 4;  ///< The first warms up

/// Microseconds. Of a thread that works alone its own time, so that a busy machine does not spoil for good
/// what is measured once.
double now(bool alone) {
  timespec time{};
  ::clock_gettime(alone ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) * 1e-3;
}

Tensor filled_memory(std::size_t bytes) {
  const auto floats = static_cast<std::int64_t>(bytes / sizeof(float) + 1);
  Tensor tensor({"trial", {floats}, DType::kF32, Layout::kRowMajor});
  std::ranges::fill(tensor.values<float>(), 0.25F);
  return tensor;
}

/// One algorithm on one map, with memory of its own.
class Trial {
 public:
  Trial(const Conv2dClass& shape, std::int64_t side, Conv2dAlgorithm algorithm, PackedWeights& weights)
      : alone_(shape.threads == 1) {
    Conv2dParams params{"trial", "weight", "bias",           static_cast<int>(shape.out_channels), 3, 1,
                        1,       1,        Activation::kRelu};
    const Format source({1, shape.in_channels, side, side}, layout_of(shape.block), shape.dtype);
    if (shape.dtype != DType::kU8) {
      params.result = shape.dtype;
      add(make_conv2d(params, source, weights, algorithm));
    } else if (algorithm == Conv2dAlgorithm::kDirect || winograd_multiplies_bf16()) {
      const QuantizedParams steps{"steps", ActivationStep{}, std::nullopt, ActivationStep{}};
      add(make_quantized_conv2d(params, steps, source, nullptr, weights, algorithm));
    } else {  // As programs compute it here: in f32, between reorders
      auto convolution = make_conv2d(params, source.as(DType::kF32), weights, algorithm);
      const auto from = convolution->inputs()[0], to = convolution->output();
      add(make_reorder("trial.from", source, from, 1));
      add(std::move(convolution));
      add(make_reorder("trial.to", to, Format(to.shape(), source.layout().value(), shape.dtype), 1));
    }
    maps_.push_back(filled_memory(steps_.front().op->inputs()[0].bytes()));
    for (const auto& step : steps_) maps_.push_back(filled_memory(step.op->output().bytes()));
  }

  void run() {
    const double begin = now(alone_);
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const void* const source = maps_[i].data();
      void* const output = maps_[i + 1].data();
      steps_[i].op->run({&source, 1}, {&output, 1}, steps_[i].scratch.data());
    }
    if (warm_) best_ = std::min(best_, now(alone_) - begin);
    warm_ = true;
  }
  double best() const { return best_; }

 private:
  struct Step {
    std::unique_ptr<Operator> op;
    Tensor scratch;
  };

  static Layout layout_of(int block) {
    if (block == 1) return Layout::kNhwc;
    return block == 16 ? Layout::kBlocked16 : Layout::kBlocked8;
  }

  void add(std::unique_ptr<Operator> op) {
    auto scratch = filled_memory(op->scratch_bytes());
    steps_.push_back({std::move(op), std::move(scratch)});
  }

  std::vector<Step> steps_;
  std::vector<Tensor> maps_;  ///< What each step reads, then what the last writes
  bool alone_;
  bool warm_ = false;
  double best_ = std::numeric_limits<double>::infinity();
};

/// The line through both measurements; through the larger alone where noise would make it fall.
Conv2dCost line(double small_units, double small_time, double large_units, double large_time) {
  const double unit = (large_time - small_time) / (large_units - small_units);
  const double fixed = small_time - unit * small_units;
  if (unit <= 0 || fixed < 0) return {0, large_time / large_units};
  return {fixed, unit};
}

}  // namespace

double units_of(Conv2dAlgorithm algorithm, std::int64_t batch, std::int64_t height, std::int64_t width) {
  const std::int64_t side = algorithm == Conv2dAlgorithm::kDirect        ? 1
                            : algorithm == Conv2dAlgorithm::kWinograd2x2 ? 2
                                                                         : 4;
  return static_cast<double>(batch * ((height + side - 1) / side) * ((width + side - 1) / side));
}

double expected_time(const Conv2dCosts& costs, Conv2dAlgorithm algorithm, std::int64_t batch,
                     std::int64_t height, std::int64_t width) {
  const auto& cost = costs[static_cast<std::size_t>(algorithm)];
  return cost.fixed + cost.unit * units_of(algorithm, batch, height, width);
}

Conv2dAlgorithm quickest(const Conv2dCosts& costs, std::int64_t batch, std::int64_t height,
                         std::int64_t width) {
  constexpr double kWorthwhile = 0.95;
  auto best = Conv2dAlgorithm::kDirect;
  double best_time = kWorthwhile * expected_time(costs, best, batch, height, width);
  for (const auto algorithm : {Conv2dAlgorithm::kWinograd2x2, Conv2dAlgorithm::kWinograd4x4}) {
    const double time = expected_time(costs, algorithm, batch, height, width);
    if (time >= best_time) continue;
    best = algorithm;
    best_time = time;
  }
  return best;
}

Conv2dCosts measure_conv2d(const Conv2dClass& shape) {
  const std::vector<float> weight(static_cast<std::size_t>(shape.out_channels * shape.in_channels * 9),
                                  0.01F);
  const std::vector<float> bias(static_cast<std::size_t>(shape.out_channels), 0.01F);
  PackedWeights weights([&](const std::string& name) {
    return std::span<const float>(name == "weight" ? weight : bias);  // And steps, of the bias' size
  });
  std::vector<Trial> trials;
  for (const auto algorithm : kAlgorithms) {
    for (const auto side : kSides) trials.emplace_back(shape, side, algorithm, weights);
  }
  for (int round = 0; round < kRounds; ++round) {  // In turn, so that a slow moment does not hit one alone
    for (auto& trial : trials) trial.run();
  }
  Conv2dCosts costs;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    costs[i] = line(units_of(kAlgorithms[i], 1, kSides[0], kSides[0]), trials[2 * i].best(),
                    units_of(kAlgorithms[i], 1, kSides[1], kSides[1]), trials[2 * i + 1].best());
  }
  return costs;
}

}  // namespace rcnn::engine
