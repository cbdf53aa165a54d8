// SPDX-License-Identifier: MIT
#include "engine/runtime/loaded_model.hpp"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <set>
#include <tuple>

#include "engine/compile/quantization.hpp"
#include "engine/errors.hpp"
#include "engine/ops/platform.hpp"
#include "engine/runtime/core_pool.hpp"
#include "engine/runtime/processor.hpp"
#include "engine/runtime/program_executable.hpp"
#include "engine/runtime/read_ahead.hpp"
#include "engine/runtime/thread_count.hpp"
#include "engine/runtime/value_types.hpp"

namespace rcnn::engine {
namespace {

constexpr int kDivisor = 32;  // Stride of p5, the coarsest level that a convolution writes
constexpr int kMaxSide = 8192;

/// What makes a file the same file.
using FileKey = std::tuple<dev_t, ino_t, off_t, time_t, long>;
/// A model's files, and how it is to be run.
using ModelKey = std::tuple<std::vector<FileKey>, bool, bool, int>;

FileKey key_of(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    throw ModelError("model " + file.string() + ": " + std::strerror(errno) +
                     "; give a *.rcnn file made by `neuron-rcnn compile`");
  }
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

ModelKey key_of(const std::filesystem::path& model, LoadOptions options) {
  std::vector<FileKey> files;
  for (const auto& file : artifact_files(model)) files.push_back(key_of(file));
  return {std::move(files), options.deterministic, options.emulate_precision, options.threads_per_core};
}

std::shared_ptr<const Artifact> open_whole(const std::filesystem::path& path) {
  auto artifact = Artifact::open(path);
  artifact->require_weights();
  return artifact;
}

/// Models of this process that someone holds.
struct Registry {
  std::mutex mutex;  ///< Guards models; held while one loads, so that two users of a file load it once
  std::map<ModelKey, std::weak_ptr<LoadedModel>> models;
};

Registry& registry() {
  static Registry registry;
  return registry;
}

/// Those of `sizes` that are below `most`, and `most`.
std::vector<int> make_buckets(std::initializer_list<int> sizes, int most) {
  std::vector<int> buckets;
  for (const int size : sizes) {
    if (size < most) buckets.push_back(size);
  }
  buckets.push_back(std::max(1, most));
  return buckets;
}

/// Powers of two: at most half of an execution is for nothing.
std::vector<int> make_image_buckets() {
  std::vector<int> buckets;
  for (int size = 1; size <= LoadedModel::kMaxImages; size *= 2) buckets.push_back(size);
  return buckets;
}

/// The smallest bucket that holds `count`. \throws ModelError
int bucket_for(int count, const std::vector<int>& buckets, const char* program, const char* items) {
  const auto bucket = std::lower_bound(buckets.begin(), buckets.end(), count);
  if (count < 1 || bucket == buckets.end()) {
    throw ModelError("the " + std::string(program) + " cannot take " + std::to_string(count) + " " + items +
                     "; it takes 1 to " + std::to_string(buckets.back()));
  }
  return *bucket;
}

}  // namespace

struct LoadedModel::State {
  State(std::shared_ptr<const Artifact> opened, LoadOptions load_options)
      : artifact(std::move(opened)),
        options(load_options),
        weights([this](const std::string& name) { return artifact->weight(name); }),
        image_buckets(make_image_buckets()) {
    if (const auto& precision = artifact->options().precision; precision != "f32" && !narrow_products()) {
      spdlog::warn("{} has {} weights; they are multiplied as f32 ({})", artifact->file().filename().string(),
                   precision,
                   options.emulate_precision && precision != "fp16"
                       ? "emulating " + precision + ": values between layers are rounded, too"
                   : cpu_multiplies(precision)
                       ? "this processor multiplies " + precision + ", this program does not"
                       : "this processor cannot multiply " + precision);
    } else if (const auto layers = layers_without_bf16(); layers > 0) {
      spdlog::warn("{}: {} of its {} layers were planned in bf16; they are multiplied as f32 ({})",
                   artifact->file().filename().string(), layers, artifact->quantization()->layers.size(),
                   cpu_multiplies("bf16") ? "this processor multiplies bf16, but is held to less"
                                          : "this processor cannot multiply bf16");
    }
    for (std::size_t i = 0; i < artifact->programs().size(); ++i) {
      types.emplace_back(artifact->programs()[i].graph, shapes_of(i));
    }
    if (artifact->is_classifier()) return;
    box_buckets = make_buckets({16, 64, 128, 256, 512, 1000, 1500}, artifact->config().max_proposals());
    // Finer than boxes: one detection costs as much as 30 regions of the box head.
    const auto& head = artifact->config().box_head;
    // A region is a detection once for each class at most, whatever the config allows.
    const auto possible = std::int64_t{artifact->config().max_proposals()} * head.num_classes;
    detection_buckets = make_buckets({4, 8, 16, 24, 32, 48, 64, 100, 150, 200, 300},
                                     static_cast<int>(std::min<std::int64_t>(head.max_detections, possible)));
  }

  using ShapeKey = std::pair<std::size_t, Shape>;  ///< Program, shape of its first input
  struct Cached {
    std::shared_ptr<const Executable> executable;
    std::uint64_t used = 0;
  };

  /// Whether layers multiply the type that the artifact stores their weights in.
  bool narrow_products() const {
    if (options.emulate_precision) return false;
    if (artifact->options().precision == kInt8) return multiplies_int8();
    return artifact->options().precision == "bf16" && multiplies_bf16();
  }

  /// Layers of an artifact in 8 bits that its plan leaves to products of bf16, which this processor has not.
  std::size_t layers_without_bf16() const {
    if (!narrow_products() || artifact->options().precision != kInt8 || !artifact->quantization()) return 0;
    const auto is_lost = [](const auto& layer) {
      const auto& [precision, method] = std::tie(layer.second.precision, layer.second.method);
      if (method != to_string(Conv2dAlgorithm::kDirect)) return !winograd_multiplies_bf16();
      return precision == "bf16" && !multiplies_bf16();
    };
    return static_cast<std::size_t>(std::ranges::count_if(artifact->quantization()->layers, is_lost));
  }

  /// Without inputs.
  ProgramShapes shapes_of(std::size_t program) const;
  /// What a host operator writes for a program, in the type in which that reads it.
  TensorSpec input_of(std::size_t program, TensorSpec spec) const {
    return narrow_products() ? types[program].held(std::move(spec)) : spec;
  }
  std::shared_ptr<const Executable> get(std::size_t program, std::vector<TensorSpec> inputs);
  /// Of a program's weights those that no operator holds, in the order that they are asked for.
  std::vector<std::string> unread_weights(const Graph& graph);
  void evict(std::size_t program);

  std::shared_ptr<const Artifact> artifact;
  LoadOptions options;
  PackedWeights weights;
  std::vector<ValueTypes> types;  ///< By program
  std::vector<int> image_buckets;
  std::vector<int> box_buckets;
  std::vector<int> detection_buckets;
  std::mutex mutex;  ///< Guards the members below; held while an executable is built
  std::map<ShapeKey, Cached> executables;
  std::uint64_t clock = 0;
};

ProgramShapes LoadedModel::State::shapes_of(std::size_t program) const {
  ProgramShapes shapes{
      .inputs = {}, .output_layouts = {}, .picks = options.deterministic ? nullptr : &Conv2dPicks::process()};
  shapes.narrow_products = narrow_products();
  if (shapes.narrow_products || options.emulate_precision) {
    if (artifact->quantization()) shapes.quantization = &*artifact->quantization();
    // Without products of bf16, layers of int8's plan that are not in it run in f32.
    const auto& precision = artifact->options().precision;
    shapes.bf16 =
        precision == "bf16" || (precision == kInt8 && (options.emulate_precision || multiplies_bf16()));
  }
  for (const auto& other : artifact->programs()) {
    shapes.borders.insert(other.graph.inputs.begin(), other.graph.inputs.end());
  }
  for (const auto& node : artifact->host_nodes()) {
    if (node.kind == OpKind::kRoiAlign) shapes.borders.insert(node.inputs.begin(), node.inputs.end());
  }
  for (const auto& output : artifact->programs().at(program).graph.outputs) {
    if (output.starts_with("rpn_")) shapes.output_layouts[output] = Layout::kNhwc;
  }
  return shapes;
}

std::vector<std::string> LoadedModel::State::unread_weights(const Graph& graph) {
  std::vector<std::string> names;
  for (const auto& node : graph.nodes) {
    if (!node.weight.empty() && weights.held_bytes(node.weight) == 0) names.push_back(node.weight);
  }
  return names;
}

std::shared_ptr<const Executable> LoadedModel::State::get(std::size_t program,
                                                          std::vector<TensorSpec> inputs) {
  const std::lock_guard lock(mutex);
  const ShapeKey key{program, inputs.at(0).shape};
  auto& cached = executables[key];
  cached.used = ++clock;
  if (cached.executable) return cached.executable;

  const auto begin = std::chrono::steady_clock::now();
  const auto& graph = artifact->programs().at(program).graph;
  auto shapes = shapes_of(program);
  shapes.inputs = std::move(inputs);
  try {
    const ReadAhead ahead(artifact, unread_weights(graph));
    const ThreadCount threads(options.threads_per_core);
    cached.executable = build_executable(graph, shapes, weights);
  } catch (...) {
    executables.erase(key);
    throw;
  }
  artifact->release_values();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  spdlog::debug("program {} for {}: built in {:.0f} ms, {} MiB of scratch", graph.name, to_string(key.second),
                took.count(), cached.executable->scratch_bytes() >> 20);
  auto executable = cached.executable;
  evict(program);
  return executable;
}

void LoadedModel::State::evict(std::size_t program) {
  const auto of_program = [&](const auto& entry) { return entry.first.first == program; };
  while (static_cast<std::size_t>(std::count_if(executables.begin(), executables.end(), of_program)) >
         kMaxShapes) {
    auto oldest = executables.end();
    for (auto entry = executables.begin(); entry != executables.end(); ++entry) {
      if (of_program(*entry) && (oldest == executables.end() || entry->second.used < oldest->second.used))
        oldest = entry;
    }
    executables.erase(oldest);  // Whoever runs it holds it
  }
}

LoadedModel::LoadedModel() = default;
LoadedModel::~LoadedModel() = default;

std::shared_ptr<LoadedModel> LoadedModel::load(const std::filesystem::path& file, LoadOptions options) {
  auto& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto settings = CoreSettings::from_environment();
  options.emulate_precision = options.emulate_precision || settings.emulate_precision;
  if (options.threads_per_core == 0) options.threads_per_core = settings.threads_per_core;
  const auto key = key_of(file, options);
  std::erase_if(all.models, [](const auto& entry) { return entry.second.expired(); });
  if (const auto found = all.models.find(key); found != all.models.end()) {
    if (auto model = found->second.lock()) return model;
  }
  std::shared_ptr<LoadedModel> model(new LoadedModel());
  model->state_ = std::make_unique<State>(open_whole(file), options);
  all.models[key] = model;
  return model;
}

const Artifact& LoadedModel::artifact() const { return *state_->artifact; }
const ModelConfig& LoadedModel::config() const { return state_->artifact->config(); }
const std::vector<int>& LoadedModel::box_buckets() const { return state_->box_buckets; }
const std::vector<int>& LoadedModel::detection_buckets() const { return state_->detection_buckets; }

std::size_t LoadedModel::program_index(const std::string& name) const {
  std::string known;
  const auto& programs = artifact().programs();
  for (std::size_t i = 0; i < programs.size(); ++i) {
    if (programs[i].graph.name == name) return i;
    known += (known.empty() ? "" : ", ") + programs[i].graph.name;
  }
  throw ModelError("model " + artifact().file().string() + " has no program '" + name + "'; it has " + known);
}

std::size_t LoadedModel::image_program_index() const {
  const auto& programs = artifact().programs();
  const auto reads_image = [](const Program& program) {
    return std::find(program.graph.inputs.begin(), program.graph.inputs.end(), "image") !=
           program.graph.inputs.end();
  };
  const auto found = std::find_if(programs.begin(), programs.end(), reads_image);  // Every cut has one
  return static_cast<std::size_t>(found - programs.begin());
}

std::vector<std::size_t> LoadedModel::rpn_program_indices() const {
  const auto& programs = artifact().programs();
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    if (programs[i].graph.name.starts_with("rpn-head")) indices.push_back(i);
  }
  return indices;
}

std::size_t LoadedModel::weight_bytes(std::size_t program) const {
  const auto tensors = artifact().tensors();
  std::set<std::string> names;  // The RPN head uses its weights once a level
  for (const auto& node : artifact().programs().at(program).graph.nodes)
    names.insert({node.weight, node.bias});
  std::size_t bytes = 0;
  for (const auto& name : names) {
    if (name.empty()) continue;
    const auto packed = state_->weights.held_bytes(name);
    bytes +=
        packed > 0 ? packed : static_cast<std::size_t>(element_count(tensors.at(name).shape)) * sizeof(float);
  }
  return bytes;
}

std::shared_ptr<const Executable> LoadedModel::image_executable(Size padded) {
  for (const int side : {padded.width, padded.height}) {
    if (side < kDivisor || side > kMaxSide || side % kDivisor != 0) {
      throw ModelError("a network input of " + std::to_string(padded.width) + "x" +
                       std::to_string(padded.height) + " cannot be run; sides must be multiples of " +
                       std::to_string(kDivisor) + " up to " + std::to_string(kMaxSide));
    }
  }
  const auto program = image_program_index();
  auto image = state_->input_of(
      program, {"image", {1, 3, padded.height, padded.width}, DType::kF32, Layout::kRowMajor});
  if (image.dtype != DType::kF32) image.layout = Layout::kNhwc;  // As narrow products read it
  return state_->get(program, {std::move(image)});
}

std::shared_ptr<const Executable> LoadedModel::rpn_executable(std::size_t program, Size padded) {
  const auto& read = artifact().programs().at(program).graph.inputs;
  const auto image = image_executable(padded);
  std::vector<TensorSpec> levels;
  for (const auto& feature : image->outputs()) {
    if (std::ranges::find(read, feature.name) != read.end()) levels.push_back(feature);
  }
  return state_->get(program, std::move(levels));
}

std::shared_ptr<const Executable> LoadedModel::box_executable(int regions) {
  const auto bucket = bucket_for(regions, state_->box_buckets, "box head", "regions");
  const std::int64_t side = config().box_head.pooler_resolution;
  const auto program = program_index("box-head");
  return state_->get(
      program,
      {state_->input_of(
          program,
          {"pooled", {bucket, side * side, config().fpn.out_channels}, DType::kF32, Layout::kRowMajor})});
}

std::shared_ptr<const Executable> LoadedModel::mask_executable(int detections) {
  const auto bucket = bucket_for(detections, state_->detection_buckets, "mask head", "detections");
  const std::int64_t side = config().mask_head.pooler_resolution;
  const auto program = program_index("mask-head");
  return state_->get(
      program,
      {state_->input_of(
           program,
           {"mask_pooled", {bucket, config().fpn.out_channels, side, side}, DType::kF32, Layout::kNhwc}),
       {"mask_classes", {bucket}, DType::kF32, Layout::kRowMajor}});
}

std::shared_ptr<const Executable> LoadedModel::keypoint_executable(int detections) {
  const auto bucket = bucket_for(detections, state_->detection_buckets, "keypoint head", "detections");
  const std::int64_t side = config().keypoint_head.pooler_resolution;
  const auto program = program_index("keypoint-head");
  return state_->get(
      program,
      {state_->input_of(
          program,
          {"keypoint_pooled", {bucket, config().fpn.out_channels, side, side}, DType::kF32, Layout::kNhwc})});
}

std::shared_ptr<const Executable> LoadedModel::classifier_executable(int images) {
  const auto& input = artifact().options().input;
  const auto bucket = bucket_for(images, state_->image_buckets, "classifier", "images");
  return state_->get(program_index("classifier"),
                     {{"image", {bucket, 3, input.height, input.width}, DType::kF32, Layout::kRowMajor}});
}

}  // namespace rcnn::engine
