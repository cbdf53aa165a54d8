// SPDX-License-Identifier: MIT
#include "bench/layer_times.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include "bench/processor_clock.hpp"
#include "engine/model/graph_shapes.hpp"

namespace rcnn::bench {
namespace {

using engine::Format;
using engine::Layout;

engine::Conv2dParams params_of(const Layer& layer) {
  return {"layer",
          "weight",
          "bias",
          static_cast<int>(layer.out_channels),
          layer.kernel,
          layer.stride,
          layer.kernel / 2,
          1,
          engine::Activation::kRelu};
}

engine::Tensor ordinary_numbers(std::size_t bytes) {
  engine::Tensor tensor({"memory",
                         {static_cast<std::int64_t>(bytes / sizeof(float) + 1)},
                         engine::DType::kF32,
                         Layout::kRowMajor});
  auto values = tensor.values<float>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 61) * 0.01F - 0.3F;
  return tensor;
}

struct Runner {
  std::unique_ptr<engine::Operator> op;
  engine::Tensor source, output, scratch;
  double best = std::numeric_limits<double>::infinity();

  explicit Runner(std::unique_ptr<engine::Operator> made)
      : op(std::move(made)),
        source(ordinary_numbers(op->inputs()[0].bytes())),
        output(ordinary_numbers(op->output().bytes())),
        scratch(ordinary_numbers(op->scratch_bytes())) {}

  double run_ms() {
    const void* const input = source.data();
    const double begin = processor_ms();
    op->run({&input, 1}, output.data(), scratch.data());
    return processor_ms() - begin;
  }
};

}  // namespace

std::vector<Layer> layers_of(const engine::Artifact& artifact, engine::Size padded) {
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, int, int>, Layer> distinct;
  for (const auto& program : artifact.programs()) {
    if (program.graph.inputs != std::vector<std::string>{"image"}) continue;
    const auto shapes = engine::infer_shapes(program.graph, {{"image", {1, 3, padded.height, padded.width}}});
    for (const auto& node : program.graph.nodes) {
      if (node.kind != engine::OpKind::kConv2d || node.groups != 1) continue;
      const auto& in = shapes.at(node.inputs[0]);
      const auto& out = shapes.at(node.outputs[0]);
      auto& layer = distinct[{in[1], out[1], in[2], in[3], node.kernel, node.stride}];
      const auto taps = static_cast<double>(in[1] * node.kernel * node.kernel);
      layer = {in[1],           out[1],
               in[2],           in[3],
               node.kernel,     node.stride,
               layer.count + 1, 2e-9 * taps * static_cast<double>(engine::element_count(out))};
    }
  }
  std::vector<Layer> layers;
  for (const auto& [key, layer] : distinct) layers.push_back(layer);
  std::ranges::stable_sort(layers, std::greater<>(), [](const Layer& l) { return l.gflop * l.count; });
  return layers;
}

std::map<engine::Conv2dAlgorithm, double> layer_times(const Layer& layer, int rounds) {
  const auto params = params_of(layer);
  const auto weight = ordinary_numbers(
      static_cast<std::size_t>(layer.out_channels * layer.in_channels * layer.kernel * layer.kernel - 1) *
      sizeof(float));
  const auto bias = ordinary_numbers(static_cast<std::size_t>(layer.out_channels - 1) * sizeof(float));
  engine::PackedWeights weights([&](const std::string& name) {
    return name == "bias" ? bias.values<float>() : weight.values<float>();
  });
  const bool image = layer.in_channels % 8 != 0;
  const Format source({1, layer.in_channels, layer.height, layer.width},
                      image ? Layout::kRowMajor : Layout::kBlocked8);
  std::map<engine::Conv2dAlgorithm, Runner> runners;
  for (const auto algorithm : engine::conv2d_algorithms(params, source, nullptr)) {
    runners.emplace(algorithm, make_conv2d(params, source, weights, algorithm));
  }
  std::map<engine::Conv2dAlgorithm, double> times;
  for (int round = 0; round <= rounds; ++round) {
    for (auto& [algorithm, runner] : runners) {
      const double took = runner.run_ms();
      if (round > 0) runner.best = std::min(runner.best, took);  // The first warms up
    }
  }
  for (const auto& [algorithm, runner] : runners) times[algorithm] = runner.best;
  return times;
}

}  // namespace rcnn::bench
