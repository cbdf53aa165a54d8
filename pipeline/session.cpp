// SPDX-License-Identifier: MIT
#include "pipeline/session.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <future>
#include <optional>
#include <utility>

#include "engine/errors.hpp"
#include "pipeline/host_program.hpp"
#include "pipeline/process_report.hpp"
#include "pipeline/recent_cache.hpp"
#include "pipeline/warm_up.hpp"

namespace rcnn::pipeline {
namespace {

using engine::Size;

// Detectron2's FPN strides: p2..p6; the pooler reads all but the last.
constexpr int kStrides[] = {4, 8, 16, 32, 64};
constexpr int kSizeDivisor = 32;
constexpr int kUsualDetections =
    1;  // Few, for the estimate of the latency: they cost more than anything else.

/// What a frame of the first guess looks like: the artifact's own size, or a 4:3 picture at its shortest
/// edge.
Size warm_up_size(const engine::InputSpec& spec) {
  return engine::padded_size(engine::network_size(spec, {640, 480}), kSizeDivisor);
}

std::vector<std::vector<engine::Box>> anchors_for(const engine::ModelConfig::Anchors& config,
                                                  const engine::Executable& image_program) {
  std::vector<std::vector<engine::Box>> anchors;
  for (std::size_t level = 0; level < config.sizes.size(); ++level) {
    const auto& shape = image_program.outputs().at(level).shape;
    const auto cells = engine::cell_anchors(config.sizes[level], config.aspect_ratios.at(level));
    anchors.push_back(engine::grid_anchors(cells, static_cast<int>(shape.at(2)),
                                           static_cast<int>(shape.at(3)), kStrides[level], config.offset));
  }
  return anchors;
}

template <typename Head>
engine::RoiPoolerParams pooler_of(const Head& head) {
  engine::RoiPoolerParams params;
  params.output_size = head.pooler_resolution;
  params.sampling_ratio = head.pooler_sampling_ratio;
  params.aligned = head.pooler_type == "ROIAlignV2";
  return params;
}

struct ResizerKey {
  Size source;
  Size target;
  bool operator==(const ResizerKey&) const = default;
};

}  // namespace

struct Session::State {
  SessionOptions options;
  std::shared_ptr<engine::LoadedModel> model;
  std::size_t image_program = 0;
  std::size_t box_program = 0;
  std::size_t detail_program = 0;
  std::vector<std::size_t> rpn_programs;
  std::vector<std::optional<std::size_t>> resident;  ///< Index among the programs on cores; none: on the host
  std::shared_ptr<engine::LoadedPrograms> programs;
  TensorPool tensors;
  RecentCache<Size, Geometry> geometries{engine::LoadedModel::kMaxShapes};
  RecentCache<ResizerKey, engine::Resizer> resizers{engine::LoadedModel::kMaxShapes};
  std::uint64_t warm_up_ns = 0;

  std::shared_ptr<const engine::Executable> detail(int detections) const {
    return model->config().mask_on ? model->mask_executable(detections)
                                   : model->keypoint_executable(detections);
  }
  std::vector<std::vector<engine::TensorSpec>> sets(const Geometry& geometry) const;
  /// Of a program, the one that needs the most memory.
  std::shared_ptr<const engine::Executable> largest(std::size_t program, const Geometry& geometry) const;
  void place(engine::CorePool& cores, const Geometry& geometry);
  std::shared_ptr<engine::ExecutionTicket> submit(std::size_t program, engine::Execution execution) const;
  void run_once(std::size_t program, const std::shared_ptr<const engine::Executable>& executable) const;
  void warm_up(std::size_t program, const std::shared_ptr<const engine::Executable>& executable) const;
};

std::vector<std::vector<engine::TensorSpec>> Session::State::sets(const Geometry& geometry) const {
  const auto box = model->box_executable(model->box_buckets().back());
  std::vector<std::vector<engine::TensorSpec>> sets{
      geometry.image_program->inputs(), geometry.image_program->outputs(), box->inputs(), box->outputs()};
  for (const auto& rpn : geometry.rpn_programs) sets.push_back(rpn->outputs());
  if (model->config().mask_on || model->config().keypoint_on) {
    const auto largest_detail = detail(model->detection_buckets().back());
    sets.push_back(largest_detail->inputs());
    sets.push_back(largest_detail->outputs());
  }
  return sets;
}

std::shared_ptr<const engine::Executable> Session::State::largest(std::size_t program,
                                                                  const Geometry& geometry) const {
  if (program == image_program) return geometry.image_program;
  if (const auto rpn = std::ranges::find(rpn_programs, program); rpn != rpn_programs.end()) {
    return geometry.rpn_programs.at(static_cast<std::size_t>(rpn - rpn_programs.begin()));
  }
  if (program == box_program) return model->box_executable(model->box_buckets().back());
  return detail(model->detection_buckets().back());
}

void Session::State::place(engine::CorePool& cores, const Geometry& geometry) {
  const auto& compiled = model->artifact().programs();
  const auto name = model->config().name + " " + model->artifact().options().precision;
  std::vector<engine::ResidentProgram> residents;
  for (std::size_t i = 0; i < compiled.size(); ++i) {
    resident.push_back(compiled[i].on_core ? std::optional(residents.size()) : std::nullopt);
    if (!compiled[i].on_core) continue;
    // The same file gives the same model object in this process, so its programs' addresses identify the
    // weights.
    residents.push_back({name + ":" + compiled[i].graph.name, &compiled[i], model->weight_bytes(i),
                         largest(i, geometry)->scratch_bytes()});
  }
  programs = cores.load(std::move(residents), engine::parse_core_choice(options.cores), options.placement);
}

std::shared_ptr<engine::ExecutionTicket> Session::State::submit(std::size_t program,
                                                                engine::Execution execution) const {
  if (const auto on_core = resident.at(program)) return programs->submit(*on_core, std::move(execution));
  run_on_host(std::move(execution));
  return nullptr;
}

void Session::State::warm_up(std::size_t program,
                             const std::shared_ptr<const engine::Executable>& executable) const {
  pipeline::warm_up(programs->cores().size(), [&] { run_once(program, executable); });
}

void Session::State::run_once(std::size_t program,
                              const std::shared_ptr<const engine::Executable>& executable) const {
  struct Tensors {
    std::shared_ptr<TensorSet> inputs;
    std::shared_ptr<TensorSet> outputs;
  };
  const auto held = std::make_shared<Tensors>(
      Tensors{tensors.acquire(executable->inputs()), tensors.acquire(executable->outputs())});
  engine::Execution execution;
  execution.executable = executable;
  for (auto& tensor : *held->inputs) {
    std::memset(tensor.data(), 0, tensor.spec().bytes());
    execution.inputs.push_back(tensor.data());
  }
  for (auto& tensor : *held->outputs) execution.outputs.push_back(tensor.data());
  execution.keep_alive = held;
  auto promise = std::make_shared<std::promise<void>>();
  auto finished = promise->get_future();
  execution.done = [promise](std::exception_ptr error) {
    if (error) {
      promise->set_exception(std::move(error));
    } else {
      promise->set_value();
    }
  };
  submit(program, std::move(execution));
  finished.get();
}

Session::Session() : state_(std::make_unique<State>()) {}
Session::~Session() = default;

std::shared_ptr<const Session> Session::create(const SessionOptions& options, engine::CorePool& cores) {
  if (&cores == &engine::CorePool::process()) publish_process();
  std::shared_ptr<Session> session(new Session);
  auto& state = *session->state_;
  state.options = options;
  state.model =
      engine::LoadedModel::load(options.model, {.deterministic = options.deterministic,
                                                .emulate_precision = options.emulate_precision,
                                                .threads_per_core = cores.settings().threads_per_core});
  state.model->config();  // Refuses a classifier
  state.image_program = state.model->image_program_index();
  state.rpn_programs = state.model->rpn_program_indices();
  state.box_program = state.model->program_index("box-head");
  if (session->has_details()) {
    state.detail_program =
        state.model->program_index(session->config().mask_on ? "mask-head" : "keypoint-head");
  }
  const auto geometry = session->geometry(warm_up_size(session->input_spec()));
  state.place(cores, *geometry);
  const auto began = std::chrono::steady_clock::now();
  state.warm_up(state.image_program, geometry->image_program);
  for (std::size_t i = 0; i < state.rpn_programs.size(); ++i) {
    state.warm_up(state.rpn_programs[i], geometry->rpn_programs[i]);
  }
  state.warm_up(state.box_program, state.model->box_executable(state.model->box_buckets().back()));
  if (session->has_details()) state.warm_up(state.detail_program, state.detail(kUsualDetections));
  state.warm_up_ns =
      static_cast<std::uint64_t>(std::chrono::nanoseconds(std::chrono::steady_clock::now() - began).count());
  spdlog::debug("{}: loaded on {} cores, warm-up {:.1f} ms", options.model.string(),
                state.programs->cores().size(), static_cast<double>(state.warm_up_ns) / 1e6);
  return session;
}

const SessionOptions& Session::options() const { return state_->options; }
const engine::ModelConfig& Session::config() const { return state_->model->config(); }
const engine::InputSpec& Session::input_spec() const { return state_->model->artifact().options().input; }
engine::LoadedPrograms& Session::programs() const { return *state_->programs; }
engine::LoadedModel& Session::model() const { return *state_->model; }
std::shared_ptr<engine::ExecutionTicket> Session::submit(std::size_t program,
                                                         engine::Execution execution) const {
  return state_->submit(program, std::move(execution));
}
std::size_t Session::image_program_index() const { return state_->image_program; }
const std::vector<std::size_t>& Session::rpn_program_indices() const { return state_->rpn_programs; }
std::size_t Session::box_program_index() const { return state_->box_program; }
bool Session::has_details() const { return config().mask_on || config().keypoint_on; }
std::size_t Session::detail_program_index() const { return state_->detail_program; }
std::shared_ptr<const engine::Executable> Session::detail_executable(int detections) const {
  return state_->detail(detections);
}
std::shared_ptr<const engine::Executable> Session::largest_detail_executable() const {
  return state_->detail(state_->model->detection_buckets().back());
}
std::uint64_t Session::pool_misses() const { return state_->tensors.misses(); }
std::uint64_t Session::warm_up_ns() const { return state_->warm_up_ns; }

engine::Normalization Session::normalization() const {
  const auto& input = config().input;
  return {input.pixel_mean, input.pixel_std, input.format == "RGB"};
}

engine::ProposalParams Session::proposal_params() const {
  const auto& rpn = config().rpn;
  return {rpn.pre_nms_topk, rpn.post_nms_topk, rpn.nms_threshold, rpn.min_box_size, rpn.delta_weights};
}

engine::RoiPoolerParams Session::pooler_params() const { return pooler_of(config().box_head); }
engine::RoiPoolerParams Session::detail_pooler_params() const {
  return config().mask_on ? pooler_of(config().mask_head) : pooler_of(config().keypoint_head);
}

engine::DetectionParams Session::detection_params() const {
  const auto& head = config().box_head;
  return {head.num_classes,   head.class_agnostic, head.score_threshold,
          head.nms_threshold, head.max_detections, head.delta_weights};
}

std::shared_ptr<const Geometry> Session::geometry(Size padded) const {
  return state_->geometries.get(padded, [&] {
    auto geometry = std::make_shared<Geometry>();
    geometry->padded = padded;
    geometry->image_program = state_->model->image_executable(padded);
    for (const auto program : state_->rpn_programs) {
      geometry->rpn_programs.push_back(state_->model->rpn_executable(program, padded));
    }
    geometry->anchors = anchors_for(config().anchors, *geometry->image_program);
    geometry->sets = state_->sets(*geometry);
    return geometry;
  });
}

std::shared_ptr<const engine::Resizer> Session::resizer(Size source, Size target) const {
  return state_->resizers.get(ResizerKey{source, target},
                              [&] { return std::make_shared<engine::Resizer>(source, target); });
}

void Session::provide(const Geometry& geometry, int frames) const {
  state_->tensors.provide(geometry.sets, frames);
}

std::shared_ptr<TensorSet> Session::acquire(const std::vector<engine::TensorSpec>& specs) const {
  return state_->tensors.acquire(specs);
}

}  // namespace rcnn::pipeline
