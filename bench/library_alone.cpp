// SPDX-License-Identifier: MIT
#include "bench/library_alone.hpp"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <unordered_map>

#include "bench/library_layer.hpp"
#include "bench/machine_peak.hpp"
#include "engine/errors.hpp"
#include "launch/ordinary_numbers.hpp"

namespace rcnn::bench {
namespace {

using dnnl::memory;
using engine::Node;
using engine::OpKind;
using engine::Shape;

/// What a layer reads and writes: f32; bf16; or, where it multiplies that with s8, u8 or s8. What calibration
/// keeps out of int8 is in bf16.
memory::data_type type_of(const engine::Artifact& artifact, const Node& node) {
  const auto& quantization = artifact.quantization();
  const auto type = multiplied_type(quantization ? quantization->layers.at(node.weight).precision
                                                 : artifact.options().precision);
  if (type == engine::DType::kF32) return memory::data_type::f32;
  if (type == engine::DType::kBf16) return memory::data_type::bf16;
  const auto& source = quantization->activations.at(node.inputs.front());
  return source.is_signed ? memory::data_type::s8 : memory::data_type::u8;
}

LibraryLayer make_layer(const dnnl::engine& cpu, const Node& node, const Shape& source, const Shape& output,
                        memory::data_type type) {
  const auto weight = engine::weight_shape(node, source);
  const bool relu = node.activation == engine::Activation::kRelu;
  if (node.kind == OpKind::kLinear) {
    return library_matrix(
        cpu, {.source = {source[0], weight[1]}, .weights = weight, .output = output, .relu = relu}, type);
  }
  const auto groups = node.groups;
  const Shape by = groups > 1 ? Shape{groups, weight[0] / groups, weight[1], weight[2], weight[3]} : weight;
  return library_convolution(cpu, {source, by, output, node.stride, node.padding, relu}, type);
}

double layer_flops(const Node& node, const Shape& source, const Shape& output) {
  const bool linear = node.kind == OpKind::kLinear;
  const double inner =
      linear ? static_cast<double>(engine::element_count(source)) / static_cast<double>(source[0])
             : static_cast<double>(source[1] / node.groups * node.kernel * node.kernel);
  return 2 * inner * static_cast<double>(engine::element_count(output));
}

}  // namespace

// Buffers are shared by all layers: sized for the largest, filled once with ordinary numbers.
struct LibraryAlone::Replica {
  dnnl::engine cpu{dnnl::engine::kind::cpu, 0};
  std::vector<LibraryLayer> layers;
  std::vector<std::unordered_map<int, memory>> arguments;
  memory source, weights, bias, destination, scratch;

  memory buffer(memory::desc LibraryLayer::*which) {
    std::size_t bytes = 64;
    for (const auto& layer : layers) bytes = std::max(bytes, (layer.*which).get_size());
    memory made({{static_cast<std::int64_t>(bytes / 4 + 1)}, memory::data_type::f32, memory::format_tag::a},
                cpu);
    launch::fill_with_ordinary_numbers(made.get_data_handle(), bytes);
    return made;
  }

  void bind() {
    source = buffer(&LibraryLayer::source);
    weights = buffer(&LibraryLayer::weights);
    bias = buffer(&LibraryLayer::bias);
    destination = buffer(&LibraryLayer::destination);
    scratch = buffer(&LibraryLayer::scratch);
    for (const auto& layer : layers) {
      const auto view = [&](const memory::desc& desc, const memory& whole) {
        return memory(desc, cpu, whole.get_data_handle());
      };
      arguments.push_back({{DNNL_ARG_SRC, view(layer.source, source)},
                           {DNNL_ARG_WEIGHTS, view(layer.weights, weights)},
                           {DNNL_ARG_BIAS, view(layer.bias, bias)},
                           {DNNL_ARG_DST, view(layer.destination, destination)},
                           {DNNL_ARG_SCRATCHPAD, view(layer.scratch, scratch)}});
    }
  }

  void pass() {
    dnnl::stream stream(cpu);
    for (std::size_t i = 0; i < layers.size(); ++i) layers[i].primitive.execute(stream, arguments[i]);
    stream.wait();
  }
};

namespace {

/// How often a mask or keypoint head runs hangs on what a picture shows: no work to set beside a frame's.
const engine::Shape& input_shape(const engine::Graph& graph, const std::string& name,
                                 const engine::ValueShapes& inputs) {
  const auto found = inputs.find(name);
  if (found != inputs.end()) return found->second;
  throw engine::ModelError("cannot say how much program '" + graph.name + "' computes a frame (it reads '" +
                           name +
                           "'); give it a Faster R-CNN compiled with --partition fused+box-head, and "
                           "'neuron-rcnn profile' the others");
}

}  // namespace

std::vector<engine::ValueShapes> program_shapes(const engine::Artifact& artifact, engine::Size padded,
                                                int regions) {
  const auto& config = artifact.config();
  const std::int64_t side = config.box_head.pooler_resolution;
  engine::ValueShapes inputs{{"image", {1, 3, padded.height, padded.width}},
                             {"pooled", {regions, side * side, config.fpn.out_channels}}};
  std::vector<engine::ValueShapes> shapes;
  for (const auto& program : artifact.programs()) {
    engine::ValueShapes known;
    for (const auto& name : program.graph.inputs) known[name] = input_shape(program.graph, name, inputs);
    shapes.push_back(engine::infer_shapes(program.graph, known));
  }
  return shapes;
}

LibraryAlone::LibraryAlone(const engine::Artifact& artifact, const std::vector<engine::ValueShapes>& shapes,
                           int replicas) {
  for (int replica = 0; replica < replicas; ++replica) {
    auto made = std::make_unique<Replica>();
    std::thread([&] {  // The OpenMP team belongs to the thread: one thread, as a core has.
      omp_set_num_threads(1);
      for (std::size_t i = 0; i < shapes.size(); ++i) {
        for (const auto& node : artifact.programs()[i].graph.nodes) {
          if (node.kind != OpKind::kConv2d && node.kind != OpKind::kLinear) continue;
          const auto& source = shapes[i].at(node.inputs.front());
          const auto& output = shapes[i].at(node.outputs.front());
          made->layers.push_back(make_layer(made->cpu, node, source, output, type_of(artifact, node)));
          if (replica == 0) flops_ += layer_flops(node, source, output);
        }
      }
      made->bind();
      made->pass();  // Warm-up.
    })
        .join();
    replicas_.push_back(std::move(made));
  }
}

LibraryAlone::~LibraryAlone() = default;

double LibraryAlone::flops() const { return flops_; }

double LibraryAlone::pass_ms() {
  const auto started = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (auto& replica : replicas_) {
    threads.emplace_back([&] {
      omp_set_num_threads(1);
      replica->pass();
    });
  }
  for (auto& thread : threads) thread.join();
  const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - started;
  return wall.count() / static_cast<double>(replicas_.size());
}

}  // namespace rcnn::bench
