// SPDX-License-Identifier: MIT
#include "bench/layer_times.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "bench/library_layer.hpp"
#include "bench/processor_clock.hpp"
#include "engine/runtime/conv2d_picks.hpp"
#include "launch/ordinary_numbers.hpp"

namespace rcnn::bench {
namespace {

using engine::Format;
using engine::Layout;

using engine::DType;

/// The layer without its second, and that.
std::vector<Layer> parts_of(const Layer& layer) {
  std::vector parts{layer};
  if (layer.second_channels > 0) parts.emplace_back(layer).out_channels = layer.second_channels;
  return parts;
}

std::int64_t weight_count(const Layer& part) {
  return part.out_channels * part.in_channels * part.kernel * part.kernel;
}

constexpr auto kSteps = "steps of ";

/// Parameters are named by how many values they have.
engine::Conv2dParams params_of(const Layer& part, DType type) {
  const bool alone = part.second_channels == 0;
  return {.name = "layer",
          .weight = std::to_string(weight_count(part)),
          .bias = std::to_string(part.out_channels),
          .out_channels = static_cast<int>(part.out_channels),
          .kernel = part.kernel,
          .stride = part.stride,
          .padding = part.kernel / 2,
          .activation = alone ? engine::Activation::kRelu : engine::Activation::kNone,
          .result = type == DType::kBf16 && alone ? type : DType::kF32};
}

engine::QuantizedParams steps_of(const Layer& part) {
  const engine::ActivationStep step{.step = 0.01F};
  return {kSteps + std::to_string(part.out_channels), step, std::nullopt,
          part.second_channels == 0 ? std::optional(step) : std::nullopt};
}

engine::Tensor ordinary_numbers(std::size_t bytes) {
  engine::Tensor tensor({"memory", {static_cast<std::int64_t>(bytes)}, DType::kU8, Layout::kRowMajor});
  launch::fill_with_ordinary_numbers(tensor.data(), bytes);
  return tensor;
}

/// As many made up values as the name says.
class Values {
 public:
  std::span<const float> operator()(const std::string& name) {
    const bool steps = name.starts_with(kSteps);
    auto& values = values_[name];
    values.resize(std::stoul(steps ? name.substr(std::string_view(kSteps).size()) : name), 0.3F / 127);
    if (!steps) launch::fill_with_ordinary_numbers(values.data(), values.size() * sizeof(float));
    return values;
  }

 private:
  std::map<std::string, std::vector<float>> values_;
};

using Operators = std::vector<std::unique_ptr<engine::Operator>>;

std::unique_ptr<engine::Operator> make_one(const Layer& part, DType type, const Format& source,
                                           engine::PackedWeights& weights,
                                           engine::Conv2dAlgorithm algorithm) {
  const auto params = params_of(part, type);
  if (type == DType::kS8) {
    return part.matrix ? make_quantized_linear(params, steps_of(part), source, weights)
                       : make_quantized_conv2d(params, steps_of(part), source, nullptr, weights, algorithm);
  }
  return part.matrix ? make_linear(params, source, weights) : make_conv2d(params, source, weights, algorithm);
}

/// One operator, or two where none of ours computes a layer and its second together.
Operators make(const Layer& layer, DType type, const Format& source, engine::Conv2dAlgorithm algorithm) {
  engine::PackedWeights weights{Values()};
  const auto parts = parts_of(layer);
  Operators made;
  if (parts.size() > 1) {
    const auto first = params_of(parts[0], type), second = params_of(parts[1], type);
    made.push_back(type == DType::kS8 ? make_quantized_conv2d_pair(first, steps_of(parts[0]), second,
                                                                   steps_of(parts[1]), source, weights)
                                      : make_conv2d_pair(first, second, source, weights));
    if (made[0] != nullptr) return made;
    made.clear();
  }
  for (const auto& part : parts) made.push_back(make_one(part, type, source, weights, algorithm));
  return made;
}

/// How a layer's source lies: rows one by one; the image row by row, in bf16 channels last as its stem writes
/// them, else as the network's first convolution leaves it, whose blocks those after it keep to.
Format source_of(const Layer& layer, DType type) {
  const auto image = [&](std::int64_t channels, std::int64_t height, std::int64_t width) {
    return Format({1, channels, height, width}, Layout::kRowMajor, type);
  };
  if (layer.matrix) {
    return Format({layer.width, layer.in_channels}, Layout::kRowMajor,
                  type == DType::kBf16 ? type : DType::kF32);
  }
  if (layer.in_channels % 8 != 0) return image(layer.in_channels, layer.height, layer.width);
  if (type == DType::kBf16) {
    return Format({1, layer.in_channels, layer.height, layer.width}, Layout::kNhwc, type);
  }
  const Layer stem{3, layer.in_channels, 2 * layer.height, 2 * layer.width, 7, 2};
  const auto first = make(stem, type, image(3, stem.height, stem.width), engine::Conv2dAlgorithm::kDirect);
  return first[0]->output();
}

class Runner {
 public:
  explicit Runner(Operators made) {
    for (auto& op : made) {
      auto& part = parts_.emplace_back();
      part.source = ordinary_numbers(op->inputs()[0].bytes());
      part.outputs.push_back(ordinary_numbers(op->output().bytes()));
      for (const auto& more : op->further_outputs()) part.outputs.push_back(ordinary_numbers(more.bytes()));
      part.scratch = ordinary_numbers(op->scratch_bytes());
      part.op = std::move(op);
    }
  }

  bool is_ours() const { return parts_[0].op->implementation().starts_with("pointwise:"); }
  double best() const { return best_; }

  /// \param counts  towards the best
  void run(bool counts) {
    const double begin = processor_ms();
    for (auto& part : parts_) part.run();
    if (counts) best_ = std::min(best_, processor_ms() - begin);
  }

 private:
  struct Part {
    std::unique_ptr<engine::Operator> op;
    engine::Tensor source, scratch;
    std::vector<engine::Tensor> outputs;

    void run() {
      const void* const input = source.data();
      void* results[2] = {};
      for (std::size_t i = 0; i < outputs.size(); ++i) results[i] = outputs[i].data();
      op->run({&input, 1}, {results, outputs.size()}, scratch.data());
    }
  };
  std::vector<Part> parts_;
  double best_ = std::numeric_limits<double>::infinity();
};

/// oneDNN's own, with buffers of its own.
class LibraryRunner {
 public:
  /// With maps as the network's lie.
  LibraryRunner(const Layer& layer, DType type) {
    for (const auto& part : parts_of(layer)) {
      auto made = make(part, type);
      std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, filled(made.source)},
                                                      {DNNL_ARG_WEIGHTS, filled(made.weights)},
                                                      {DNNL_ARG_BIAS, filled(made.bias)},
                                                      {DNNL_ARG_DST, filled(made.destination)},
                                                      {DNNL_ARG_SCRATCHPAD, filled(made.scratch)}};
      parts_.push_back({std::move(made), std::move(arguments)});
    }
  }

  double run_ms() {
    const double begin = processor_ms();
    for (auto& part : parts_) part.made.primitive.execute(stream_, part.arguments);
    stream_.wait();
    return processor_ms() - begin;
  }

 private:
  using Memory = dnnl::memory;

  LibraryLayer make(const Layer& part, DType type) const {
    const auto narrow = type == DType::kBf16 ? Memory::data_type::bf16 : Memory::data_type::u8;
    const auto data_type = type == DType::kF32 ? Memory::data_type::f32 : narrow;
    const bool relu = part.second_channels == 0;
    if (part.matrix) {
      return library_matrix(cpu_,
                            {.source = {part.width, part.in_channels},
                             .weights = {part.out_channels, part.in_channels},
                             .output = {part.width, part.out_channels},
                             .relu = relu},
                            data_type);
    }
    const auto out = [&](std::int64_t side) { return (side - 1) / part.stride + 1; };
    return library_convolution(cpu_,
                               {{1, part.in_channels, part.height, part.width},
                                {part.out_channels, part.in_channels, part.kernel, part.kernel},
                                {1, part.out_channels, out(part.height), out(part.width)},
                                part.stride,
                                part.kernel / 2,
                                relu},
                               data_type,
                               type == DType::kF32 ? Memory::format_tag::any : Memory::format_tag::nhwc);
  }
  Memory filled(const Memory::desc& description) const {
    Memory memory(description, cpu_);
    launch::fill_with_ordinary_numbers(memory.get_data_handle(), description.get_size());
    return memory;
  }

  struct Part {
    LibraryLayer made;
    std::unordered_map<int, Memory> arguments;
  };
  dnnl::engine cpu_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{cpu_};
  std::vector<Part> parts_;
};

/// What a layer can be computed by.
std::vector<engine::Conv2dAlgorithm> algorithms_of(const Layer& layer, DType type, const Format& source) {
  if (layer.matrix || layer.second_channels > 0) return {engine::Conv2dAlgorithm::kDirect};
  return engine::conv2d_algorithms(params_of(layer, type), source, nullptr);
}

}  // namespace

LayerTimes layer_times(const Layer& layer, DType type, int rounds) {
  const auto source = source_of(layer, type);
  std::map<engine::Conv2dAlgorithm, Runner> runners;
  LayerTimes times{{}, engine::Conv2dAlgorithm::kDirect, {}};
  for (const auto algorithm : algorithms_of(layer, type, source)) {
    runners.emplace(algorithm, make(layer, type, source, algorithm));
  }
  std::optional<LibraryRunner> library;
  if (runners.at(engine::Conv2dAlgorithm::kDirect).is_ours()) library.emplace(layer, type);
  for (int round = 0; round <= rounds; ++round) {
    const bool counts = round > 0;  // The first warms up
    if (library) {
      const double took = library->run_ms();
      if (counts) times.library_ms = std::min(times.library_ms.value_or(took), took);
    }
    for (auto& [algorithm, runner] : runners) runner.run(counts);
  }
  for (const auto& [algorithm, runner] : runners) times.ms[algorithm] = runner.best();
  if (runners.size() > 1) {
    times.pick = engine::Conv2dPicks::process().pick(params_of(layer, type), source, nullptr);
  }
  return times;
}

}  // namespace rcnn::bench
