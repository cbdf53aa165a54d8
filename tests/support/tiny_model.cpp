// SPDX-License-Identifier: MIT
#include "tests/support/tiny_model.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <numbers>
#include <numeric>
#include <random>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/compile/quantization.hpp"

namespace rcnn::tests {
namespace {

using engine::CheckpointTensor;
using engine::ParameterSpec;

/// Normal deviates of a stream that belongs to one parameter. Not std::normal_distribution, whose values are
/// each standard library's own: two machines must make the same model.
class Deviates {
 public:
  Deviates(std::string_view name, std::uint32_t seed) {
    std::uint32_t hash = 2166136261U ^ seed;  // FNV-1a
    for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619U;
    engine_.seed(hash);
  }
  double uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(engine_()) + 0.5) / 4294967296.0;
  }
  double normal() {
    return std::sqrt(-2 * std::log(uniform(0, 1))) * std::cos(2 * std::numbers::pi * uniform(0, 1));
  }

 private:
  std::mt19937 engine_;
};

constexpr double kPixelVariance = 7200;  // Of photographs around the mean colour

/// Variance of a weight times its fan-in: 2 keeps the variance through a ReLU, 1 without one. Less where
/// values come with a mean of their own, which counts as well.
double gain_of(const std::string& name) {
  static constexpr std::array<std::pair<const char*, double>, 7> kGains{{{"shortcut", 1},
                                                                         {"fpn_", 0.3},
                                                                         {"objectness_logits", 2},
                                                                         {"anchor_deltas", 0.1},
                                                                         {"fc1", 0.5},
                                                                         {"cls_score", 8},
                                                                         {"bbox_pred", 1}}};
  for (const auto& [part, gain] : kGains) {
    if (name.find(part) != std::string::npos) return gain;
  }
  return 2;
}

/// Takes the mean from every row: heads read non-negative values, whose common part would else decide all
/// regions alike.
void centre_rows(std::vector<float>& values, std::size_t columns) {
  for (auto row = values.begin(); row != values.end(); row += static_cast<std::ptrdiff_t>(columns)) {
    const auto end = row + static_cast<std::ptrdiff_t>(columns);
    const float mean = std::accumulate(row, end, 0.f) / static_cast<float>(columns);
    std::for_each(row, end, [&](float& value) { value -= mean; });
  }
}

/// Batch norms: near identity, but each of its four arrays has values of its own, so that folding is tested.
double norm_value(const std::string& name, Deviates& draw) {
  if (name.ends_with(".running_mean") || name.ends_with(".bias")) return 0.1 * draw.normal();
  const double value = draw.uniform(0.8, 1.2);
  if (name.ends_with(".running_var"))
    return name.find(".stem.") != std::string::npos ? value * kPixelVariance : value;
  return name.find(".conv2.norm.") != std::string::npos ? 0.4 * value
                                                        : value;  // Residual branches stay the lesser part
}

CheckpointTensor draw_parameter(const ParameterSpec& parameter, const TinyModelOptions& options) {
  const auto& name = parameter.name;
  Deviates draw(name, options.seed);
  const auto count = static_cast<std::size_t>(engine::element_count(parameter.shape));
  std::vector<float> values(count);
  const double rows = static_cast<double>(parameter.shape.at(0));
  const double scale = std::sqrt(gain_of(name) * rows / static_cast<double>(count));
  for (auto& value : values) {
    if (name.find(".norm.") != std::string::npos) {
      value = static_cast<float>(norm_value(name, draw));
    } else {
      value = static_cast<float>(draw.normal() * (parameter.shape.size() == 1 ? 0.05 : scale));
    }
  }
  if (name.starts_with("roi_heads.") && (parameter.shape.size() == 2 || name.ends_with("predictor.weight"))) {
    centre_rows(values, static_cast<std::size_t>(parameter.shape[1]));
  }
  if (name.find("cls_score") != std::string::npos) {  // Background is even: something is found on any image
    const auto row = static_cast<std::ptrdiff_t>(count) / parameter.shape[0];
    std::fill(values.end() - row, values.end(), 0.f);
  }
  return {parameter.shape, std::make_shared<const std::vector<float>>(std::move(values))};
}

/// A folder of this process, removed with everything in it when the process ends.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    auto name = (std::filesystem::temp_directory_path() / "rcnn-tiny-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder like " + name);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

engine::ModelConfig tiny_config(const TinyModelOptions& options) {
  engine::ModelConfig config;
  config.name = "tiny";
  config.resnet.depth = 18;
  config.resnet.stem_out_channels = 8;
  config.resnet.res2_out_channels = 8;
  config.resnet.stride_in_1x1 = false;
  config.fpn.out_channels = 16;
  config.anchors.sizes = {{16}, {32}, {64}, {96}, {128}};
  config.anchors.aspect_ratios.assign(5, {0.5f, 1.f, 2.f});
  config.box_head.num_classes = options.num_classes;
  config.box_head.fc_dim = 32;
  config.box_head.class_agnostic = options.class_agnostic;
  config.box_head.max_detections = 20;
  config.box_head.score_threshold = options.score_threshold;
  config.load_proposals = options.load_proposals;
  config.keypoint_on = options.keypoints;
  if (options.keypoints) {
    config.keypoint_head.conv_dims = {16, 16};
    config.keypoint_head.pooler_resolution = 6;
  }
  config.input = options.pixels;
  config.mask_on = options.masks;
  if (options.masks) config.mask_head = {.num_conv = 2, .conv_dim = 16, .pooler_resolution = 6};
  for (int i = 0; i < options.num_classes; ++i) {
    config.class_names.push_back("class " + std::to_string(i));
    config.category_ids.push_back(i + 1);
  }
  return config;
}

engine::Checkpoint tiny_checkpoint(const TinyModelOptions& options) {
  const auto config = tiny_config(options);
  engine::Checkpoint checkpoint;
  checkpoint.file = "tiny.safetensors";
  checkpoint.format = "safetensors";
  for (const auto& parameter : engine::network_parameters(engine::build_network(config), config)) {
    checkpoint.tensors[parameter.name] = draw_parameter(parameter, options);
  }
  return checkpoint;
}

engine::Quantization tiny_plan(const engine::CompiledModel& model, const std::vector<std::string>& in_bf16) {
  engine::Quantization plan;
  std::set<std::string> rectified;
  for (const auto& program : model.programs) {
    for (const auto& layer : engine::layers_of(program.graph)) {
      const auto is_part = [&](const std::string& part) {
        return layer.weight.find(part) != std::string::npos;
      };
      const bool stays_out = !layer.quantizable || std::ranges::any_of(in_bf16, is_part);
      plan.layers[layer.weight] = {.precision = stays_out ? "bf16" : engine::kInt8,
                                   .reason = stays_out ? "as the test says" : "",
                                   .program = program.graph.name};
    }
    for (const auto& node : program.graph.nodes) {
      const bool passes_on = node.kind == engine::OpKind::kMaxPool2d && rectified.contains(node.inputs.at(0));
      if (passes_on || node.activation == engine::Activation::kRelu) rectified.insert(node.outputs.at(0));
    }
  }
  for (const auto& program : model.programs) {
    for (const auto& value : engine::quantized_values(program.graph, plan)) {
      const bool is_signed = !rectified.contains(value);
      plan.activations[value] = {value == "image" ? 1.F : is_signed ? 0.04F : 0.02F, is_signed};
    }
  }
  return plan;
}

std::filesystem::path tiny_model(const TinyModelOptions& options) {
  static TemporaryFolder folder;
  static std::mutex mutex;  // Guards made
  static std::vector<std::pair<TinyModelOptions, std::filesystem::path>> made;
  const std::lock_guard lock(mutex);
  for (const auto& [known, file] : made) {
    if (known == options) return file;
  }
  const auto file = folder.path() / ("tiny-" + std::to_string(made.size()) + ".rcnn");
  const bool is_int8 = options.precision == engine::kInt8;
  auto model = engine::compile(tiny_config(options), tiny_checkpoint(options),
                               {.input = options.input,
                                .partition = options.partition,
                                .precision = is_int8 ? "f32" : options.precision});
  if (is_int8) engine::quantize(model, tiny_plan(model, options.in_bf16));
  engine::write_artifact(model, file);
  made.emplace_back(options, file);
  return file;
}

}  // namespace rcnn::tests
