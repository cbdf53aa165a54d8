// SPDX-License-Identifier: MIT
// compile: a Detectron2 config, or the name of a classifier, and its checkpoint become an artifact.
#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/compile/artifact.hpp"
#include "engine/compile/compiler.hpp"
#include "engine/errors.hpp"
#include "engine/model/checkpoint.hpp"
#include "engine/model/classifier.hpp"
#include "engine/model/config.hpp"
#include "engine/model/labels_file.hpp"
#include "launch/commands.hpp"
#include "launch/model_summary.hpp"
#include "launch/progress_bar.hpp"
#include "launch/units.hpp"

namespace rcnn::launch {
namespace {

struct Settings {
  std::string config;
  std::string arch;  ///< Of a classifier; one of the two is empty
  std::filesystem::path labels;
  std::filesystem::path weights;
  std::filesystem::path artifact;
  std::string input;     ///< Empty: what suits the network
  float threshold = -1;  ///< < 0: the config's
  bool json = false;
  engine::CompileOptions options;
};

void summarize(const Settings& settings, double seconds) {
  const auto artifact = engine::Artifact::open(settings.artifact);
  const auto summary = summarize_model(*artifact);
  const auto bytes = static_cast<double>(std::filesystem::file_size(settings.artifact));
  if (settings.json) {
    auto json = to_json(summary);
    json["artifact"] = settings.artifact.string();
    json["bytes"] = static_cast<std::uint64_t>(bytes);
    json["seconds"] = seconds;
    std::cout << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
    return;
  }
  print_programs(summary, std::cout);
  std::cout << fmt::format("{}: {} parameters, {}, {} in, {}; made in {}\n", settings.artifact.string(),
                           format_count(summary.parameters), format_bytes(bytes), summary.input,
                           summary.precision, format_seconds(seconds));
}

engine::CompiledModel make_detector(const Settings& settings, const engine::Progress& progress) {
  auto config = engine::load_config(settings.config);
  if (!settings.labels.empty()) {
    engine::name_classes(engine::read_labels(settings.labels), settings.labels, config);
  }
  if (settings.threshold >= 0) config.box_head.score_threshold = settings.threshold;
  return engine::compile(config, engine::read_checkpoint(settings.weights), settings.options, progress);
}

engine::CompiledModel make_classifier(const Settings& settings, const engine::Progress& progress) {
  const auto checkpoint = engine::read_checkpoint(settings.weights);
  std::vector<std::string> labels;
  if (!settings.labels.empty()) {
    for (auto& label : engine::read_labels(settings.labels)) labels.push_back(std::move(label.name));
  }
  const auto config = engine::classifier_config(settings.arch, checkpoint, std::move(labels));
  return engine::compile_classifier(config, checkpoint, settings.options, progress);
}

int compile(Settings settings) {
  const auto started = std::chrono::steady_clock::now();
  const bool classifier = !settings.arch.empty();
  if (settings.input.empty()) settings.input = classifier ? "centre-crop:256:224" : "stretch:800x800";
  settings.options.input = engine::parse_input_spec(settings.input);
  {
    ProgressBar bar;
    const auto progress = [&](int done, int total, const std::string& what) {
      bar.update(done, total, what);
    };
    bar.update(0, 0, "reading " + settings.weights.filename().string());
    const auto model = classifier ? make_classifier(settings, progress) : make_detector(settings, progress);
    engine::write_artifact(model, settings.artifact, progress);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  summarize(settings, seconds.count());
  return kDone;
}

}  // namespace

Command add_compile(CLI::App& program) {
  auto settings = std::make_shared<Settings>();
  auto* app =
      program.add_subcommand("compile", "Make an artifact from a network's description and checkpoint");
  auto* network = app->add_option_group("network", "What the checkpoint holds; one of");
  auto* config =
      network->add_option("--config", settings->config,
                          "Detectron2 config: model-zoo name (COCO-Detection/faster_rcnn_R_50_FPN_3x) or "
                          "YAML file, _BASE_ included");
  network->add_option(
      "--arch", settings->arch,
      fmt::format("Classifier of torchvision: {}", fmt::join(engine::classifier_names(), ", ")));
  network->require_option(1);
  app->add_option("--weights", settings->weights, "Checkpoint: model-zoo .pkl, training .pth or .safetensors")
      ->required();
  app->add_option("--labels", settings->labels,
                  "The classes' names: a text file with one a line, or YAML with classes: [[ID, NAME], ...] "
                  "(default: the config's data set's, or ImageNet's)");
  app->add_option("-o,--output", settings->artifact, "Artifact to write, such as model.rcnn")->required();
  app->add_option("--precision", settings->options.precision, "Of the programs: f32")->capture_default_str();
  app->add_option(
      "--input", settings->input,
      "How pictures become the network's input: stretch:WIDTHxHEIGHT, shortest-edge:SHORTEST:LONGEST "
      "(detectors), centre-crop:SHORTER:SIDE (classifiers). Default: stretch:800x800, or "
      "centre-crop:256:224 for classifiers");
  app->add_option("--batch", settings->options.batch, "Frames per execution")->capture_default_str();
  app->add_option("--partition", settings->options.partition,
                  fmt::format("What runs on NeuronCores: {}", fmt::join(engine::partition_names(), ", ")))
      ->capture_default_str();
  app->add_option("--threshold", settings->threshold,
                  "Score threshold of the artifact, 0..1 (default: the config's)")
      ->needs(config)
      ->check(CLI::Range(0., 1.))
      ->option_text("0..1");
  app->add_flag("--json", settings->json, "Print the summary as JSON");
  return {app, [settings] { return compile(*settings); }};
}

}  // namespace rcnn::launch
