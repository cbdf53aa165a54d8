// SPDX-License-Identifier: MIT
#include "bench/library_alone.hpp"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <oneapi/dnnl/dnnl.hpp>
#include <thread>
#include <unordered_map>

#include "bench/machine_peak.hpp"
#include "bench/ordinary_numbers.hpp"
#include "engine/errors.hpp"
#include "engine/model/graph_shapes.hpp"

namespace rcnn::bench {
namespace {

using dnnl::memory;
using engine::Node;
using engine::OpKind;
using engine::Shape;

memory::desc any(const Shape& shape, memory::data_type type) {
  return {shape, type, memory::format_tag::any};
}

memory::desc vector_of(std::int64_t size) { return {{size}, memory::data_type::f32, memory::format_tag::a}; }

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

bool is_8_bits(memory::data_type type) {
  return type == memory::data_type::u8 || type == memory::data_type::s8;
}

dnnl::primitive_attr attributes(bool relu, memory::data_type type, std::int64_t channels) {
  dnnl::primitive_attr attr;
  if (is_8_bits(type)) attr.set_output_scales(1 << 1, std::vector(static_cast<std::size_t>(channels), 1e-3F));
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops post;
  if (relu) post.append_eltwise(1.f, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
  attr.set_post_ops(post);
  return attr;
}

// One layer and how large its buffers are.
struct Layer {
  dnnl::primitive primitive;
  memory::desc source, weights, bias, destination, scratch;
};

/// The description makes the primitive and says how its buffers lie.
template <typename Primitive>
Layer adopt(const typename Primitive::primitive_desc& description, const memory::desc& bias) {
  return {Primitive(description), description.src_desc(),       description.weights_desc(), bias,
          description.dst_desc(), description.scratchpad_desc()};
}

/// Matrices in narrow types are 1x1 convolutions over the rows, which oneDNN 2.6 is quicker at.
Layer make_layer(const dnnl::engine& cpu, const Node& node, const Shape& source, const Shape& output,
                 memory::data_type type) {
  const auto kind = dnnl::prop_kind::forward_inference;
  const auto attr = attributes(node.activation == engine::Activation::kRelu, type, output[1]);
  const auto bias = vector_of(output[1]);
  const bool linear = node.kind == OpKind::kLinear;
  const auto weight = engine::weight_shape(node, source);
  if (linear && type == memory::data_type::f32) {
    return adopt<dnnl::inner_product_forward>(
        {{kind, any({source[0], weight[1]}, type), any(weight, type), bias, any(output, type)}, attr, cpu},
        bias);
  }
  const memory::dims stride{node.stride, node.stride}, padding{node.padding, node.padding};
  const auto weights_type = is_8_bits(type) ? memory::data_type::s8 : type;
  const auto describe = [&](const Shape& from, const Shape& by, const Shape& to) {
    return dnnl::convolution_forward::primitive_desc(
        {kind, dnnl::algorithm::convolution_direct, any(from, type), any(by, weights_type), bias,
         any(to, type), stride, padding, padding},
        attr, cpu);
  };
  if (linear) {
    return adopt<dnnl::convolution_forward>(
        describe({1, weight[1], 1, source[0]}, {weight[0], weight[1], 1, 1}, {1, output[1], 1, output[0]}),
        bias);
  }
  const auto groups = node.groups;
  const Shape by = groups > 1 ? Shape{groups, weight[0] / groups, weight[1], weight[2], weight[3]} : weight;
  return adopt<dnnl::convolution_forward>(describe(source, by, output), bias);
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
  std::vector<Layer> layers;
  std::vector<std::unordered_map<int, memory>> arguments;
  memory source, weights, bias, destination, scratch;

  memory buffer(memory::desc Layer::*which) {
    std::size_t bytes = 64;
    for (const auto& layer : layers) bytes = std::max(bytes, (layer.*which).get_size());
    memory made(vector_of(static_cast<std::int64_t>(bytes / 4 + 1)), cpu);
    fill_with_ordinary_numbers(made.get_data_handle(), bytes);
    return made;
  }

  void bind() {
    source = buffer(&Layer::source);
    weights = buffer(&Layer::weights);
    bias = buffer(&Layer::bias);
    destination = buffer(&Layer::destination);
    scratch = buffer(&Layer::scratch);
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

LibraryAlone::LibraryAlone(const engine::Artifact& artifact, engine::Size padded, int regions, int replicas) {
  const auto& config = artifact.config();
  const std::int64_t side = config.box_head.pooler_resolution;
  engine::ValueShapes inputs{{"image", {1, 3, padded.height, padded.width}},
                             {"pooled", {regions, side * side, config.fpn.out_channels}}};
  std::vector<engine::ValueShapes> shapes;  // Of each program's values
  for (const auto& program : artifact.programs()) {
    engine::ValueShapes known;
    for (const auto& name : program.graph.inputs) known[name] = input_shape(program.graph, name, inputs);
    shapes.push_back(engine::infer_shapes(program.graph, known));
  }
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
