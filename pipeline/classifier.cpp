// SPDX-License-Identifier: MIT
#include "pipeline/classifier.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <future>
#include <utility>

#include "engine/classify/classifier_input.hpp"
#include "engine/errors.hpp"
#include "pipeline/parallel.hpp"
#include "pipeline/process_report.hpp"
#include "pipeline/warm_up.hpp"

namespace rcnn::pipeline {
namespace {

/// One part of a batch on its way through a core.
struct Part {
  std::shared_ptr<TensorSet> input;
  std::shared_ptr<TensorSet> output;
  std::promise<void> finished;
};

}  // namespace

struct Classifier::State {
  std::shared_ptr<engine::LoadedModel> model;
  std::shared_ptr<engine::LoadedPrograms> programs;
  TensorPool tensors;

  void prepare(const engine::ImageView& image, std::span<float> planes) const;
  std::shared_ptr<Part> start(std::span<const engine::ImageView> images,
                              const engine::Dispatch& dispatch) const;
};

void Classifier::State::prepare(const engine::ImageView& image, std::span<float> planes) const {
  const auto& input = model->artifact().options().input;
  const auto& config = model->artifact().classifier();
  const engine::Size crop{input.width, input.height};
  const auto resized = input.mode == engine::InputSpec::Mode::kCentreCrop
                           ? engine::shorter_side_size({image.width, image.height}, input.shortest)
                           : crop;
  engine::classifier_input(image, resized, crop, input.interpolation,
                           {config.pixel_mean, config.pixel_std, true}, planes);
}

std::shared_ptr<Part> Classifier::State::start(std::span<const engine::ImageView> images,
                                               const engine::Dispatch& dispatch) const {
  auto part = std::make_shared<Part>();
  engine::Execution execution;
  execution.executable = model->classifier_executable(static_cast<int>(images.size()));
  part->input = tensors.acquire(execution.executable->inputs());
  part->output = tensors.acquire(execution.executable->outputs());
  auto planes = part->input->at(0).values<float>();
  const auto& shape = part->input->at(0).spec().shape;
  const auto image_size = planes.size() / static_cast<std::size_t>(shape.at(0));
  parallel_ranges(images.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (auto i = begin; i < end; ++i) prepare(images[i], planes.subspan(i * image_size, image_size));
  });
  // What fills up the bucket: nobody reads its logits, but what lies there from before could be slow to
  // compute with.
  std::ranges::fill(planes.subspan(images.size() * image_size), 0.F);
  execution.inputs = {part->input->at(0).data()};
  execution.outputs = {part->output->at(0).data()};
  execution.keep_alive = part;
  execution.dispatch = dispatch;
  execution.done = [part](std::exception_ptr error) {
    if (error) {
      part->finished.set_exception(std::move(error));
    } else {
      part->finished.set_value();
    }
  };
  programs->submit(0, std::move(execution));
  return part;
}

Classifier::Classifier() : state_(std::make_unique<State>()) {}
Classifier::~Classifier() = default;

std::unique_ptr<Classifier> Classifier::create(const SessionOptions& options, engine::CorePool& cores) {
  if (&cores == &engine::CorePool::process()) publish_process();
  std::unique_ptr<Classifier> classifier(new Classifier);
  auto& state = *classifier->state_;
  state.model =
      engine::LoadedModel::load(options.model, {.deterministic = options.deterministic,
                                                .emulate_precision = options.emulate_precision,
                                                .threads_per_core = cores.settings().threads_per_core});
  const auto& artifact = state.model->artifact();
  const auto name = artifact.classifier().arch + " " + artifact.options().precision;  // Refuses detectors
  const auto executable = state.model->classifier_executable(1);
  state.programs = cores.load({{name + ":" + artifact.programs().at(0).graph.name, &artifact.programs().at(0),
                                state.model->weight_bytes(0), executable->scratch_bytes()}},
                              engine::parse_core_choice(options.cores), options.placement);
  return classifier;
}

const engine::ClassifierConfig& Classifier::config() const { return state_->model->artifact().classifier(); }
std::size_t Classifier::cores() const { return state_->programs->cores().size(); }

std::vector<std::vector<float>> Classifier::logits(std::span<const engine::ImageView> images,
                                                   const engine::Dispatch& dispatch) const {
  const auto most = static_cast<std::size_t>(engine::LoadedModel::kMaxImages);
  const auto share = std::clamp((images.size() + cores() - 1) / cores(), std::size_t{1}, most);
  std::vector<std::pair<std::shared_ptr<Part>, std::size_t>> parts;
  for (std::size_t first = 0; first < images.size(); first += share) {
    const auto count = std::min(share, images.size() - first);
    parts.emplace_back(state_->start(images.subspan(first, count), dispatch), count);
  }
  std::vector<std::vector<float>> results;
  for (const auto& [part, count] : parts) {
    part->finished.get_future().get();
    const auto values = part->output->at(0).values<float>();
    const auto classes = config().class_names.size();
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = values.subspan(i * classes, classes);
      results.emplace_back(row.begin(), row.end());
    }
  }
  return results;
}

std::chrono::nanoseconds Classifier::warm_up(const engine::Dispatch& dispatch) const {
  constexpr std::array<std::uint8_t, 3> kBlack{};
  const engine::ImageView pixel{kBlack.data(), 1, 1, kBlack.size(), engine::PixelFormat::kBgr};
  return pipeline::warm_up(cores(), [&] { logits({&pixel, 1}, dispatch); });
}

}  // namespace rcnn::pipeline
