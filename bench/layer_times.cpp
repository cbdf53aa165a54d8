// SPDX-License-Identifier: MIT
#include "bench/layer_times.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <tuple>
#include <unordered_map>

#include "bench/library_layer.hpp"
#include "bench/processor_clock.hpp"
#include "engine/model/graph_shapes.hpp"
#include "engine/runtime/conv2d_picks.hpp"
#include "launch/ordinary_numbers.hpp"

namespace rcnn::bench {
namespace {

using engine::Format;
using engine::Layout;

using engine::DType;

engine::Conv2dParams params_of(const Layer& layer, DType type) {
  return {.name = "layer",
          .weight = "weight",
          .bias = "bias",
          .out_channels = static_cast<int>(layer.out_channels),
          .kernel = layer.kernel,
          .stride = layer.stride,
          .padding = layer.kernel / 2,
          .activation = engine::Activation::kRelu,
          .result = type == DType::kBf16 ? type : DType::kF32};
}

engine::Tensor ordinary_numbers(std::size_t bytes) {
  engine::Tensor tensor({"memory", {static_cast<std::int64_t>(bytes)}, DType::kU8, Layout::kRowMajor});
  launch::fill_with_ordinary_numbers(tensor.data(), bytes);
  return tensor;
}

/// The operator of a layer, with weights that it makes up.
std::unique_ptr<engine::Operator> make(const Layer& layer, DType type, const Format& source,
                                       engine::Conv2dAlgorithm algorithm) {
  const auto count = static_cast<std::size_t>(layer.out_channels);
  const std::vector<float> steps(count, 0.3F / 127);
  const auto values = ordinary_numbers(
      sizeof(float) * count * static_cast<std::size_t>(layer.in_channels * layer.kernel * layer.kernel));
  engine::PackedWeights weights([&](const std::string& name) -> std::span<const float> {
    if (name == "steps") return steps;
    const std::span all(static_cast<const float*>(values.data()), values.spec().bytes() / sizeof(float));
    return name == "bias" ? all.first(count) : all;
  });
  const auto params = params_of(layer, type);
  if (type != DType::kS8) return make_conv2d(params, source, weights, algorithm);
  const engine::ActivationStep step{.step = 0.01F};
  return make_quantized_conv2d(params, {"steps", step, std::nullopt, step}, source, nullptr, weights,
                               algorithm);
}

/// How a layer's source lies: the image row by row, in bf16 channels last as its stem writes them, else as
/// the network's first convolution leaves it, whose blocks those after it keep to.
Format source_of(const Layer& layer, DType type) {
  const auto image = [&](std::int64_t channels, std::int64_t height, std::int64_t width) {
    return Format({1, channels, height, width}, Layout::kRowMajor, type);
  };
  if (layer.in_channels % 8 != 0) return image(layer.in_channels, layer.height, layer.width);
  if (type == DType::kBf16) {
    return Format({1, layer.in_channels, layer.height, layer.width}, Layout::kNhwc, type);
  }
  const Layer stem{3, layer.in_channels, 2 * layer.height, 2 * layer.width, 7, 2};
  return make(stem, type, image(3, stem.height, stem.width), engine::Conv2dAlgorithm::kDirect)->output();
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
    void* const result = output.data();
    const double begin = processor_ms();
    op->run({&input, 1}, {&result, 1}, scratch.data());
    return processor_ms() - begin;
  }
};

/// oneDNN's own, with buffers of its own.
class LibraryRunner {
 public:
  LibraryRunner(const Layer& layer, dnnl::memory::data_type type, dnnl::memory::format_tag layout)
      : made_(library_convolution(cpu_, shapes_of(layer), type, layout)),
        arguments_{{DNNL_ARG_SRC, filled(made_.source)},
                   {DNNL_ARG_WEIGHTS, filled(made_.weights)},
                   {DNNL_ARG_BIAS, filled(made_.bias)},
                   {DNNL_ARG_DST, filled(made_.destination)},
                   {DNNL_ARG_SCRATCHPAD, filled(made_.scratch)}} {}

  double run_ms() {
    const double begin = processor_ms();
    made_.primitive.execute(stream_, arguments_);
    stream_.wait();
    return processor_ms() - begin;
  }

 private:
  static LibraryConvolution shapes_of(const Layer& layer) {
    const auto out = [&](std::int64_t side) { return (side - 1) / layer.stride + 1; };
    return {{1, layer.in_channels, layer.height, layer.width},
            {layer.out_channels, layer.in_channels, layer.kernel, layer.kernel},
            {1, layer.out_channels, out(layer.height), out(layer.width)},
            layer.stride,
            layer.kernel / 2,
            true};
  }
  dnnl::memory filled(const dnnl::memory::desc& description) const {
    dnnl::memory memory(description, cpu_);
    launch::fill_with_ordinary_numbers(memory.get_data_handle(), description.get_size());
    return memory;
  }

  dnnl::engine cpu_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{cpu_};
  LibraryLayer made_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

/// With maps as the network's lie. Null where `direct` is oneDNN's anyway.
std::unique_ptr<LibraryRunner> library_runner(const Layer& layer, DType type,
                                              const engine::Operator& direct) {
  if (!direct.implementation().starts_with("pointwise:")) return nullptr;
  using Memory = dnnl::memory;
  if (type == DType::kF32) {
    return std::make_unique<LibraryRunner>(layer, Memory::data_type::f32, Memory::format_tag::any);
  }
  const auto narrow = type == DType::kBf16 ? Memory::data_type::bf16 : Memory::data_type::u8;
  return std::make_unique<LibraryRunner>(layer, narrow, Memory::format_tag::nhwc);
}

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

LayerTimes layer_times(const Layer& layer, DType type, int rounds) {
  const auto params = params_of(layer, type);
  const auto source = source_of(layer, type);
  std::map<engine::Conv2dAlgorithm, Runner> runners;
  LayerTimes times{{}, engine::Conv2dAlgorithm::kDirect, {}};
  for (const auto algorithm : engine::conv2d_algorithms(params, source, nullptr)) {
    runners.emplace(algorithm, make(layer, type, source, algorithm));
  }
  const auto library = library_runner(layer, type, *runners.at(engine::Conv2dAlgorithm::kDirect).op);
  for (int round = 0; round <= rounds; ++round) {
    if (library) {
      const double took = library->run_ms();
      if (round > 0) times.library_ms = std::min(times.library_ms.value_or(took), took);
    }
    for (auto& [algorithm, runner] : runners) {
      const double took = runner.run_ms();
      if (round > 0) runner.best = std::min(runner.best, took);  // The first warms up
    }
  }
  for (const auto& [algorithm, runner] : runners) times.ms[algorithm] = runner.best;
  if (runners.size() > 1) times.pick = engine::Conv2dPicks::process().pick(params, source, nullptr);
  return times;
}

}  // namespace rcnn::bench
