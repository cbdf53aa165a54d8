// SPDX-License-Identifier: MIT
// compile: a Detectron2 config, or the name of a classifier, and its checkpoint become an artifact.
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/compile/bind.hpp"
#include "engine/compile/compiler.hpp"
#include "engine/compile/quantization.hpp"
#include "engine/errors.hpp"
#include "engine/model/checkpoint.hpp"
#include "engine/model/checkpoint_class_names.hpp"
#include "engine/model/checksum.hpp"
#include "engine/model/classifier.hpp"
#include "engine/model/config.hpp"
#include "engine/model/labels_file.hpp"
#include "engine/quantize/layer_methods.hpp"
#include "engine/quantize/range.hpp"
#include "launch/calibrate.hpp"
#include "launch/commands.hpp"
#include "launch/default_input.hpp"
#include "launch/interrupt.hpp"
#include "launch/model_summary.hpp"
#include "launch/number_check.hpp"
#include "launch/output_files.hpp"
#include "launch/progress_bar.hpp"
#include "launch/units.hpp"

namespace rcnn::launch {
namespace {

struct Settings {
  std::string config;
  std::string arch;            ///< Of a classifier
  std::filesystem::path bind;  ///< Artifact to be given weights; one of the three is not empty
  std::shared_ptr<const engine::Artifact> graph;  ///< That artifact
  std::filesystem::path labels;
  std::filesystem::path weights;  ///< Empty: the graph alone is made
  std::string program;            ///< The one whose weights are kept; empty: all
  std::filesystem::path artifact;
  std::string input;     ///< Empty: what suits the network
  float threshold = -1;  ///< < 0: the config's
  bool force = false;
  bool json = false;
  engine::CompileOptions options;
  CalibrationSettings calibration;
};

/// \param seconds  that compiling took; none if there was nothing to do
void summarize(const Settings& settings, std::optional<double> seconds) {
  const auto artifact = engine::Artifact::open(settings.artifact);
  const auto summary = summarize_model(*artifact);
  const auto bytes = static_cast<double>(std::filesystem::file_size(settings.artifact));
  if (settings.json) {
    auto json = to_json(summary);
    json["artifact"] = settings.artifact.string();
    json["bytes"] = static_cast<std::uint64_t>(bytes);
    json["seconds"] = seconds.value_or(0);
    json["up_to_date"] = !seconds;
    std::cout << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
    return;
  }
  print_programs(summary, std::cout);
  const auto made = seconds ? "made in " + format_seconds(*seconds)
                            : "made of these weights as asked, so nothing was done; --force makes it anew";
  std::cout << fmt::format("{}: {} parameters, {}, {} in, {}; {}\n", settings.artifact.string(),
                           format_count(summary.parameters), format_bytes(bytes), summary.input,
                           summary.precision, made);
  if (artifact->held_programs().empty()) {
    std::cout << "It has no weights yet; 'neuron-rcnn compile --bind' gives it some\n";
  }
}

bool is_classifier(const Settings& settings) {
  return settings.graph != nullptr ? settings.graph->is_classifier() : !settings.arch.empty();
}

/// Whether labels name the classes: those asked for now, or when the graph was made.
bool is_labelled(const Settings& settings) {
  if (settings.graph == nullptr) return !settings.labels.empty();
  return is_classifier(settings) ? settings.graph->classifier().labelled : settings.graph->config().labelled;
}

/// The names of classes that the checkpoint gives and that are asked for; none without one.
std::vector<std::string> given_names(const Settings& settings) {
  if (settings.weights.empty() || is_labelled(settings)) return {};
  return engine::checkpoint_class_names(settings.weights);
}

engine::ModelConfig detector_config(const Settings& settings) {
  auto config = settings.graph != nullptr ? settings.graph->config() : engine::load_config(settings.config);
  if (!settings.labels.empty()) {
    engine::name_classes(engine::read_labels(settings.labels), settings.labels, config);
  }
  engine::name_classes_by_checkpoint(given_names(settings), settings.weights, config);
  if (settings.threshold >= 0) config.box_head.score_threshold = settings.threshold;
  return config;
}

/// Names of a classifier's classes that were asked for, or that the checkpoint gives; none: the usual ones.
std::vector<std::string> classifier_labels(const Settings& settings) {
  if (settings.labels.empty()) return given_names(settings);
  std::vector<std::string> names;
  for (auto& label : engine::read_labels(settings.labels)) names.push_back(std::move(label.name));
  return names;
}

/// Without labels and names in the checkpoint, classes are called as ImageNet's or by their number.
bool has_labels(const engine::ClassifierConfig& made, const Settings& settings) {
  if (made.labelled != is_labelled(settings)) return false;
  if (const auto asked = classifier_labels(settings); !asked.empty()) return made.class_names == asked;
  if (settings.graph != nullptr) return made.class_names == settings.graph->classifier().class_names;
  return made.class_names.front() == "class 0" ||
         made.class_names == engine::classifier_config(settings.arch).class_names;
}

std::vector<std::string> asked_programs(const Settings& settings,
                                        const std::vector<engine::Program>& programs) {
  if (settings.weights.empty()) return {};
  if (!settings.program.empty()) return {settings.program};
  std::vector<std::string> names;
  for (const auto& program : programs) names.push_back(program.graph.name);
  return names;
}

/// Whether the artifact holds what was asked for. What files say is compared, not when they were written: of
/// two checkpoints, the other one may well be the older.
bool holds_what_is_asked(const Settings& settings, const engine::Artifact& artifact) {
  if (artifact.held_programs() != asked_programs(settings, artifact.programs())) return false;
  const auto& made = artifact.options();
  const auto& asked = settings.options;
  if (made.input != asked.input || made.precision != asked.precision || made.batch != asked.batch)
    return false;
  const bool calibrated = artifact.quantization() && artifact.quantization()->images > 0;
  if (calibrated != !settings.calibration.images.empty()) return false;
  if (calibrated && !is_calibrated(*artifact.quantization(), made.precision, settings.calibration)) {
    return false;
  }
  const auto* graph = settings.graph.get();
  if (graph != nullptr && graph->quantization() && artifact.quantization() != graph->quantization()) {
    return false;
  }
  if (artifact.is_classifier() != is_classifier(settings)) return false;
  if (artifact.is_classifier()) {
    const auto& arch = settings.graph != nullptr ? settings.graph->classifier().arch : settings.arch;
    return artifact.classifier().arch == arch && has_labels(artifact.classifier(), settings);
  }
  return made.partition == asked.partition && artifact.config() == detector_config(settings);
}

/// Whether there is nothing to do: the artifact is sound, made as asked and of this checkpoint.
bool is_up_to_date(const Settings& settings) {
  if (settings.force || settings.weights.empty()) return false;
  try {
    const auto artifact = engine::Artifact::open(settings.artifact);
    return holds_what_is_asked(settings, *artifact) &&
           artifact->checkpoint_checksum() == engine::file_checksum(settings.weights);
  } catch (const engine::ModelError&) {
    return false;  // Of another version, damaged, or the config is wrong, which compiling will say
  }
}

engine::CompiledModel make_graph(const Settings& settings, const engine::Progress& progress) {
  if (settings.arch.empty()) {
    return engine::compile_graph(detector_config(settings), settings.options, progress);
  }
  auto config = engine::classifier_config(settings.arch);
  config.labelled = is_labelled(settings);
  if (config.labelled) config.class_names = classifier_labels(settings);
  return engine::compile_graph(config, settings.options, progress);
}

bool is_calibrated(const Settings& settings) { return !settings.calibration.images.empty(); }

engine::CompiledModel make_model(Settings settings, const engine::Progress& progress) {
  if (settings.weights.empty()) return make_graph(settings, progress);
  if (is_calibrated(settings)) settings.options.precision = "f32";  // Calibration rounds it
  const auto checkpoint = engine::read_checkpoint(settings.weights);
  const auto& graph = settings.graph;
  if (graph != nullptr) return engine::bind_weights(*graph, checkpoint, given_names(settings), progress);
  if (settings.arch.empty()) {
    return engine::compile(detector_config(settings), checkpoint, settings.options, progress);
  }
  auto config = engine::classifier_config(settings.arch, checkpoint, classifier_labels(settings));
  config.labelled = is_labelled(settings);
  return engine::compile_classifier(config, checkpoint, settings.options, progress);
}

/// An artifact without weights has a plan already, perhaps of another processor: what it gets is what it
/// says.
void plan_bf16(const Settings& settings, engine::CompiledModel& model) {
  const auto* graph = settings.graph.get();
  const auto plan =
      graph != nullptr && graph->quantization()
          ? *graph->quantization()
          : engine::bf16_plan(model, engine::choose_methods(model, "bf16", engine::Conv2dPicks::process()));
  engine::quantize(model, plan, "bf16");
}

/// The --input that resizes as a config's INPUT.MIN_SIZE_TEST and MAX_SIZE_TEST say, or the nearest there is.
std::string size_advice(const engine::ModelConfig::Input& asked) {
  if (asked.min_size == 0) {  // Detectron2's "do not resize"
    return "pictures of one size stay as they are with --input stretch:WIDTHxHEIGHT of that size";
  }
  // No side becomes longer than the longest, whatever the shortest should be.
  const auto wanted = std::min<std::int64_t>(asked.min_size, asked.max_size);
  const auto longest = std::clamp<std::int64_t>(asked.max_size, engine::kLeastSide, engine::kMostSide);
  const auto shortest = std::clamp<std::int64_t>(wanted, engine::kLeastSide, longest);
  const bool exact = shortest == wanted && longest == asked.max_size;
  return fmt::format("--input shortest-edge:{}:{} {}", shortest, longest,
                     exact ? "resizes as the config says" : "comes nearest to what the config says");
}

/// Detectron2's own resize is asked for by --input; a config that sets it to something of its own expects it.
void remark_on_size(const Settings& settings) {
  const engine::ModelConfig::Input usual;
  const auto asked = engine::load_config(settings.config).input;
  if (asked.min_size == usual.min_size && asked.max_size == usual.max_size) return;
  spdlog::warn(
      "the config's INPUT.MIN_SIZE_TEST {} and MAX_SIZE_TEST {} are not used: pictures become {}; {}",
      asked.min_size, asked.max_size, settings.input, size_advice(asked));
}

/// \throws engine::SettingError
void check_files(const Settings& settings) {
  auto read = named_files("--calibrate", expand_inputs(settings.calibration.images).inputs);
  read.push_back({"--config", settings.config});
  read.push_back({"--bind", settings.bind});
  read.push_back({"--labels", settings.labels});
  read.push_back({"--weights", settings.weights});
  const std::vector<NamedFile> written{{"--output", settings.artifact}};
  check_outputs(written, read);
  std::error_code error;
  const bool is_other = std::filesystem::exists(settings.artifact, error) &&
                        !std::filesystem::is_regular_file(settings.artifact, error);
  if (is_other || settings.artifact == "-") {  // The latter is standard output elsewhere.
    throw engine::SettingError("--output '" + settings.artifact.string() +
                               "' is a device or a pipe, which no artifact can be read from: give a file's "
                               "name, such as model.rcnn");
  }
}

int compile(Settings settings) {
  const auto started = std::chrono::steady_clock::now();
  check_files(settings);
  const auto& precision = settings.options.precision;
  if (is_calibrated(settings) && precision != engine::kInt8 && precision != "bf16") {
    throw engine::SettingError("--calibrate is of use with --precision int8 or bf16 only; precision is '" +
                               precision + "'");
  }
  const bool usual_size = settings.input.empty() && settings.bind.empty() && settings.arch.empty();
  if (!settings.bind.empty()) {
    settings.graph = engine::Artifact::open(settings.bind);
    settings.options = settings.graph->options();
  } else {
    if (settings.input.empty()) settings.input = default_input(settings.arch);
    settings.options.input = engine::parse_input_spec(settings.input);
  }
  if (is_up_to_date(settings)) {
    summarize(settings, std::nullopt);
    return kDone;
  }
  if (usual_size) remark_on_size(settings);
  {
    ProgressBar bar;
    const Interrupt interrupt;  // Unfinished artifacts are large: they are removed before the program ends.
    const auto progress = [&](int done, int total, const std::string& what) {
      if (interrupt.requested()) throw engine::Error("compiling was interrupted; no artifact was written");
      bar.update(done, total, what);
    };
    if (!settings.weights.empty()) bar.update(0, 0, "reading " + settings.weights.filename().string());
    auto model = make_model(settings, progress);
    if (is_calibrated(settings)) {
      calibrate(model, precision, settings.calibration, settings.artifact, bar);
    } else if (precision == "bf16") {
      plan_bf16(settings, model);
    }
    engine::write_artifact_part(model, asked_programs(settings, model.programs), settings.artifact, progress);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  summarize(settings, seconds.count());
  return kDone;
}

void add_calibration(CLI::App& app, Settings& settings, std::vector<CLI::Option*>& choices) {
  auto& calibration = settings.calibration;
  auto* images =
      app.add_option("--calibrate", calibration.images,
                     "For int8, which needs them, and bf16: images such as the model will see, from which it "
                     "learns the ranges of values and which layers are too sensitive; folders, files, globs");
  images->option_text("FOLDER ...");
  choices.push_back(images);
  app.add_option("--calibration-images", calibration.most, "Images taken of those, evenly spread")
      ->needs(images)
      ->check(whole_number_between(1, 100000))
      ->capture_default_str();
  app.add_option(
         "--range-method", calibration.range_method,
         fmt::format("How the range of a value is chosen: {}", fmt::join(engine::range_methods(), ", ")))
      ->needs(images)
      ->check(CLI::IsMember(engine::range_methods()))
      ->option_text("NAME")
      ->capture_default_str();
  app.add_option(
         "--error-budget", calibration.budget,
         fmt::format("Error that the outputs of each program may have, until which the most sensitive layers "
                     "are set aside: in int8, to bf16, as a share of the outputs' standard deviation "
                     "(default: {}); in bf16, to more careful methods than F(4x4,3x3), how much more than "
                     "with all of them careful (default: {})",
                     engine::default_budget(engine::kInt8), engine::default_budget("bf16")))
      ->needs(images)
      ->check(number_between(0, 1))
      ->option_text("0..1");
}

/// What an artifact says already that is given weights. \param config  what the partition is of
std::vector<CLI::Option*> add_choices(CLI::App& app, Settings& settings, CLI::Option* config) {
  std::vector<CLI::Option*> choices;
  choices.push_back(app.add_option(
      "--labels", settings.labels,
      "The classes' names: a text file with one a line, YAML with classes: [[ID, NAME], ...], or "
      "imagenet_class_index.json (default: those that the checkpoint gives, else the config's data set's, or "
      "ImageNet's)"));
  choices.push_back(app.add_option("--precision", settings.options.precision,
                                   fmt::format("{}; bf16 and fp16 halve the artifact, int8 makes a quarter "
                                               "to a third of it and needs --calibrate",
                                               fmt::join(engine::precision_names(), ", ")))
                        ->capture_default_str());
  add_calibration(app, settings, choices);
  choices.push_back(app.add_option(
      "--input", settings.input,
      "How pictures become the network's input: stretch:WIDTHxHEIGHT, shortest-edge:SHORTEST:LONGEST "
      "(detectors), centre-crop:SHORTER:SIDE (classifiers), :bicubic after the first or the last "
      "(classifiers). Default: stretch:800x800, or for classifiers centre-crop:256:224, with :bicubic for "
      "efficientnet_b0"));
  choices.push_back(app.add_option("--batch", settings.options.batch,
                                   "Frames per execution: 1; classifiers take more as they run, see "
                                   "'classify --batch'")
                        ->check(whole_number_between(1, 4096))
                        ->capture_default_str());
  choices.push_back(
      app.add_option("--partition", settings.options.partition,
                     fmt::format("What runs on NeuronCores: {}", fmt::join(engine::partition_names(), ", ")))
          ->needs(config)
          ->capture_default_str());
  return choices;
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
  auto* bind = network->add_option(
      "--bind", settings->bind,
      "Artifact made without --weights: compile the weights for what it was made for, as it was made");
  network->require_option(1);
  auto* weights = app->add_option("--weights", settings->weights,
                                  "Checkpoint: model-zoo .pkl, training .pth or .safetensors. Without, the "
                                  "artifact holds the graph only and --bind gives it weights later");
  bind->needs(weights);
  app->add_option("--program", settings->program,
                  "Keep this program's weights alone, such as box-head: one program a file. Put the files of "
                  "all into a folder; -m FOLDER runs them")
      ->needs(weights);
  app->add_option("-o,--output", settings->artifact, "Artifact to write, such as model.rcnn")->required();
  for (auto* choice : add_choices(*app, *settings, config)) choice->excludes(bind);
  app->add_option("--threshold", settings->threshold,
                  "Score threshold of the artifact, 0..1 (default: the config's)")
      ->needs(config)
      ->check(number_between(0, 1))
      ->option_text("0..1");
  app->add_flag("--force", settings->force,
                "Compile even if the artifact was made of the same weights with the same settings");
  app->add_flag("--json", settings->json, "Print the summary as JSON");
  return {app, [settings] { return compile(*settings); }};
}

}  // namespace rcnn::launch
