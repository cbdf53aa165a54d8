// SPDX-License-Identifier: MIT
// detect: images, folders, videos and cameras through an artifact.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "elements/painter.hpp"
#include "elements/register.hpp"
#include "engine/errors.hpp"
#include "launch/annotated_files.hpp"
#include "launch/commands.hpp"
#include "launch/detect_images.hpp"
#include "launch/detect_video.hpp"
#include "launch/diagnostics.hpp"
#include "launch/display.hpp"
#include "launch/inputs.hpp"
#include "launch/interrupt.hpp"
#include "launch/number_check.hpp"
#include "launch/output_files.hpp"
#include "launch/pipe_reader.hpp"
#include "launch/progress_bar.hpp"
#include "launch/table.hpp"
#include "launch/units.hpp"
#include "pipeline/default_model.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;

struct Settings {
  DetectOptions options;
  std::string placement = "replicate";
  std::vector<std::string> inputs;
  std::string json;    ///< Empty: none
  std::string format;  ///< Empty: coco
  fs::path output;
  fs::path proposals;  ///< Of a model without RPN
};

/// Shows and counts what comes: records to the writer, else readable tables to stdout; errors to stderr.
class Presenter : public ResultSink {
 public:
  Presenter(const Settings& settings, std::unique_ptr<engine::ResultWriter> writer, ClassNames names)
      : writer_(std::move(writer)),
        tables_(settings.json.empty() && settings.output.empty()),
        on_stdout_(tables_ || settings.json == "-"),
        names_(std::move(names)) {}

  void found(const FrameResult& result) override {
    ++frames_;
    objects_ += result.objects.size();
    if (on_stdout_) bar_.clear();
    if (writer_ != nullptr) write(result);
    if (!tables_) return;
    print(result);
    if (!std::cout.good()) throw OutputError(kNoStandardOutput);
  }
  void copied(const fs::path& /*annotated*/) override { ++copies_; }
  void failed(const std::string& message) override {
    ++failures_;
    bar_.clear();
    print_error(message);
  }
  void warned(const std::string& message) override {
    bar_.clear();
    print_error("warning: " + message);
  }
  void progressed(double done, double total, const std::string& note) override {
    bar_.update(done, total, note);
  }

  /// Ends the results' file, but for one where no input could be read, and says in one line on stdout what
  /// was done, where that is not taken.
  void finish(const Settings& settings, double seconds) {
    bar_.clear();
    // An empty list in place of results that are there would say that nothing was found.
    const bool nothing_read = frames_ == 0 && failures_ > 0;
    const bool written = writer_ != nullptr && (!nothing_read || settings.json == "-");
    if (written) writer_->finish();
    if (settings.json == "-") return;
    std::cout << fmt::format("{}, {} in {}", plural(frames_, "frame"), plural(objects_, "object"),
                             format_seconds(seconds));
    if (copies_ > 0) std::cout << ", annotated: " << settings.output.string();
    if (written) std::cout << ", results: " << settings.json;
    std::cout << '\n';
  }
  std::uint64_t failures() const { return failures_; }

 private:
  void write(const FrameResult& result) {
    try {
      writer_->add(result);
    } catch (const engine::Error& error) {
      throw OutputError(error.what());
    }
  }

  /// A video's frames take a line each, an image a table.
  void print(const FrameResult& result) const {
    if (result.frame) {
      std::cout << fmt::format("{} frame {}", printable(result.file), *result.frame);
      if (result.pts_ns) std::cout << fmt::format(" ({:.3f} s)", static_cast<double>(*result.pts_ns) * 1e-9);
      const char* before = ": ";
      for (const auto& object : result.objects) {
        std::cout << before << printable(elements::label_text(object, names_.labels));
        before = ", ";
      }
      std::cout << std::endl;
      return;
    }
    std::cout << fmt::format("{} ({}x{}): {}\n", printable(result.file), result.image.width,
                             result.image.height, plural(result.objects.size(), "object"));
    if (result.objects.empty()) return;
    Table table({"  class", "score>", "x0>", "y0>", "x1>", "y1>"});
    for (const auto& object : result.objects) {
      const auto& box = object.box;
      table.add({"  " + names_.label(object.label), fmt::format("{:.3f}", object.score),
                 fmt::format("{:.1f}", box.x0), fmt::format("{:.1f}", box.y0), fmt::format("{:.1f}", box.x1),
                 fmt::format("{:.1f}", box.y1)});
    }
    table.print(std::cout);
  }

  std::unique_ptr<engine::ResultWriter> writer_;
  const bool tables_;
  const bool on_stdout_;  ///< Where the progress bar would be written over
  const ClassNames names_;
  ProgressBar bar_;
  std::uint64_t frames_ = 0;
  std::uint64_t objects_ = 0;
  std::uint64_t copies_ = 0;
  std::uint64_t failures_ = 0;
};

/// Runs the inputs in the order given; neighbouring images share one run of the stages.
class Detector {
 public:
  Detector(const Settings& settings, std::vector<Input> inputs, std::vector<fs::path> annotated,
           ResultSink& sink)
      : settings_(settings), inputs_(std::move(inputs)), annotated_(std::move(annotated)), sink_(sink) {}

  void run() {
    std::size_t first = 0;
    while (first < inputs_.size() && !interrupt_.requested()) {
      std::size_t last = first + 1;
      if (inputs_[first].kind == InputKind::kImage) {
        while (last < inputs_.size() && inputs_[last].kind == InputKind::kImage) ++last;
        run_images(first, last - first);
      } else {
        run_video(first);
      }
      first = last;
    }
    if (first == inputs_.size()) return;
    sink_.failed(fmt::format("interrupted; {} of {} not looked at", inputs_.size() - first,
                             plural(inputs_.size(), "input")));
  }

 private:
  void run_images(std::size_t first, std::size_t count) {
    if (session_ == nullptr) {
      session_ = pipeline::Session::create({settings_.options.model, settings_.options.cores,
                                            settings_.options.placement, settings_.options.deterministic});
    }
    std::span<const fs::path> annotated(annotated_);
    if (!annotated.empty()) annotated = annotated.subspan(first, count);
    const auto done = detect_images(std::span<const Input>(inputs_).subspan(first, count), annotated,
                                    session_, settings_.options, sink_);
    if (done == count) return;
    sink_.failed(
        fmt::format("interrupted after {} of {}; what there was is written", done, plural(count, "image")));
  }

  void run_video(std::size_t at) {
    gst_init(nullptr, nullptr);
    elements::register_static_plugin();
    try {
      detect_video({inputs_[at], annotated_.empty() ? fs::path() : annotated_[at]}, settings_.options, sink_);
    } catch (const engine::SettingError&) {
      throw;
    } catch (const OutputError&) {
      throw;
    } catch (const engine::Error& error) {
      sink_.failed(error.what());
    }
  }

  const Settings& settings_;
  const std::vector<Input> inputs_;
  const std::vector<fs::path> annotated_;
  ResultSink& sink_;
  const Interrupt interrupt_;
  std::shared_ptr<const pipeline::Session> session_;
};

/// The boxes to look at, for a model without RPN. \throws engine::SettingError where model and file do not
/// belong together, engine::ModelError
std::shared_ptr<const engine::ProposalFile> open_proposals(const Settings& settings,
                                                           const engine::ModelConfig& config) {
  if (config.load_proposals && settings.proposals.empty()) {
    throw engine::SettingError(fmt::format(
        "The model '{}' has no RPN (Fast R-CNN): give the boxes to look at with --proposals FILE.pkl",
        config.name));
  }
  if (settings.proposals.empty()) return nullptr;
  if (!config.load_proposals) {
    throw engine::SettingError(
        fmt::format("--proposals is for models without RPN; '{}' finds its own. Leave it out, or compile a "
                    "Fast R-CNN such as "
                    "COCO-Detection/fast_rcnn_R_50_FPN_1x",
                    config.name));
  }
  return std::make_shared<const engine::ProposalFile>(settings.proposals);
}

void check_images(const std::vector<Input>& inputs) {
  for (const auto& input : inputs) {
    if (input.kind == InputKind::kImage) continue;
    throw engine::SettingError(
        fmt::format("'{}' is no image, and --proposals has boxes for images; give images only", input.path));
  }
}

/// In COCO's format alone are images told apart by a number.
void tell_images_apart(const std::vector<Input>& inputs, engine::ResultWriter& writer) {
  std::vector<std::string> images;
  for (const auto& input : inputs) {
    if (input.kind == InputKind::kImage) images.push_back(input.name);
  }
  auto shared = engine::shared_coco_image_ids(images);
  if (shared.files.empty()) return;
  print_error(fmt::format(
      "warning: '{}' and '{}' have one number ({} such), so that the image_id of each is its name; COCO's "
      "tools want images of one data set at a time",
      shared.first, shared.second, plural(shared.files.size(), "image")));
  writer.set_named_images(std::move(shared.files));
}

/// \throws engine::SettingError
void check_files(const Settings& settings, const std::vector<Input>& inputs,
                 const std::vector<fs::path>& annotated) {
  auto read = named_files("the input", inputs);
  read.push_back({"-m", settings.options.model});
  read.push_back({"--proposals", settings.proposals});
  std::vector<NamedFile> written;
  for (const auto& file : annotated) written.push_back({"--output", file});
  written.push_back({"--json", settings.json});
  check_outputs(written, read);
}

int detect(Settings settings) {
  const auto started = std::chrono::steady_clock::now();
  const Interrupt interrupt;  // Until results are in their place.
  settings.options.placement = engine::parse_placement(settings.placement);
  if (settings.json.empty() && !settings.format.empty()) settings.json = "-";
  const auto format = engine::parse_result_format(settings.format.empty() ? "coco" : settings.format);
  settings.options.raw = format == engine::ResultFormat::kRaw;

  if (settings.options.model.empty()) {
    settings.options.model = pipeline::default_model();
    std::cerr << "No -m: the default model runs, " << settings.options.model.string() << '\n';
  }
  if (settings.options.display) {
    gst_init(nullptr, nullptr);
    require_display();
  }
  // Before anything is written: a wrong model is the likeliest slip.
  const auto artifact = engine::Artifact::open(settings.options.model);
  artifact->require_weights();
  const auto names = engine::class_names(artifact->config());
  settings.options.proposals = open_proposals(settings, artifact->config());
  auto expanded = expand_inputs(settings.inputs, settings.output);
  if (settings.options.proposals != nullptr) check_images(expanded.inputs);
  std::vector<fs::path> annotated;
  if (!settings.output.empty()) annotated = annotated_files(expanded.inputs, settings.output);
  check_files(settings, expanded.inputs, annotated);

  std::unique_ptr<engine::ResultWriter> writer;
  // Where there is no input, the lines of an earlier run are not even opened.
  if (!settings.json.empty() && (!expanded.inputs.empty() || settings.json == "-")) {
    const PipeReader reader(settings.json);
    writer = std::make_unique<engine::ResultWriter>(settings.json, format, names, std::cout);
  }
  if (writer != nullptr && format == engine::ResultFormat::kCoco) tell_images_apart(expanded.inputs, *writer);
  Presenter presenter(settings, std::move(writer), names);
  for (const auto& problem : expanded.problems) presenter.failed(problem);
  Detector(settings, std::move(expanded.inputs), std::move(annotated), presenter).run();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  presenter.finish(settings, seconds.count());
  return presenter.failures() == 0 ? kDone : kFailed;
}

}  // namespace

Command add_detect(CLI::App& program) {
  auto settings = std::make_shared<Settings>();
  auto* app = program.add_subcommand("detect", "Find objects in images, folders, videos and cameras");
  app->add_option(
      "-m,--model", settings->options.model,
      "Artifact made by 'neuron-rcnn compile', or a folder of them with one program each (default: "
      "the model that comes with this program)");
  app->add_option("INPUT", settings->inputs,
                  "Images, folders of images (and of folders, links to them followed), quoted globs "
                  "('shots/*.jpg'), videos, URIs, cameras (/dev/video0)")
      ->required();
  app->add_option("--threshold", settings->options.threshold,
                  "Leave out objects with this score or less, 0..1 (default: the model's own)")
      ->check(number_between(0, 1))
      ->option_text("0..1");
  app->add_option("--json", settings->json, "Write results to this file; - for standard output");
  app->add_option("--format", settings->format,
                  "Of the results: coco (default; image_id is the number that a file's name is, else the "
                  "name, of a video's frames NAME#FRAME, from 0), detectron2, json-lines, or raw: boxes and "
                  "keypoints in the network's frame, masks as the mask head's probabilities, keypoints' "
                  "heatmaps")
      ->check(CLI::IsMember({"coco", "detectron2", "json-lines", "raw"}))
      ->option_text("NAME");
  app->add_option(
      "--output", settings->output,
      "Annotated copies: a folder (a / at the end makes one; copies of earlier runs in it are no inputs), or "
      "for one input a file (.mp4 for videos and cameras, without sound)");
  app->add_flag("--display", settings->options.display,
                "Show annotated frames in a window while they come, images for a second each");
  app->add_option(
         "--proposals", settings->proposals,
         "Boxes to look at, for a model without RPN (Fast R-CNN): Detectron2's .pkl with ids, boxes and "
         "objectness_logits; an image's id is its name, or its number (000000000139.jpg is 139)")
      ->option_text("FILE");
  app->add_option("--cores", settings->options.cores,
                  "NeuronCores to run on, such as 0-1; auto (default): all");
  app->add_option("--placement", settings->placement,
                  "replicate (default): every program on every core; split: programs dealt out over them")
      ->check(CLI::IsMember({"replicate", "split"}))
      ->option_text("NAME");
  app->add_option("--max-in-flight", settings->options.max_in_flight,
                  "Frames on their way at once, 1..64 (default: 4)")
      ->check(whole_number_between(1, 64))
      ->option_text("N");
  app->add_flag("--deterministic", settings->options.deterministic,
                "Run convolutions as they are defined, not by what is quickest on this processor");
  app->add_option("--frames", settings->options.frames, "Stop each video or camera after so many frames")
      ->check(whole_number_between(1, kMostTimes))
      ->option_text("N");
  app->footer(
      "Ctrl-C, SIGTERM and SIGHUP end the run well: what there was is written.\n"
      "Exit code 1: some input had no result, or not all, or no copy (stderr says which).");
  return {app, [settings] { return detect(*settings); }};
}

}  // namespace rcnn::launch
