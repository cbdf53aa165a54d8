// SPDX-License-Identifier: MIT
// classify: the best classes of images.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "elements/painter.hpp"
#include "engine/errors.hpp"
#include "engine/model/labels_file.hpp"
#include "engine/results/formats.hpp"
#include "launch/annotated_files.hpp"
#include "launch/commands.hpp"
#include "launch/diagnostics.hpp"
#include "launch/image_file.hpp"
#include "launch/inputs.hpp"
#include "launch/interrupt.hpp"
#include "launch/json_file.hpp"
#include "launch/number_check.hpp"
#include "launch/output_files.hpp"
#include "launch/progress_bar.hpp"
#include "launch/table.hpp"
#include "launch/units.hpp"
#include "pipeline/classifier.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::ordered_json;
using Logits = std::vector<float>;

struct Settings {
  pipeline::SessionOptions session;
  std::vector<std::string> inputs;
  std::string json;              ///< Empty: a table on stdout, or with output: none
  std::filesystem::path output;  ///< Annotated copies; empty: none
  std::filesystem::path labels;  ///< Empty: the artifact's
  int top = 5;
  int batch = 0;  ///< 0: an image a core
};

struct Picture {
  std::string name;
  std::filesystem::path annotated;  ///< Empty: no copy is made
  cv::Mat pixels;
};

std::vector<std::string> names_of(const std::vector<engine::Label>& labels) {
  std::vector<std::string> names;
  for (const auto& label : labels) names.push_back(label.name);
  return names;
}

engine::ImageView view_of(const cv::Mat& image) {
  return {image.data, image.cols, image.rows, static_cast<std::ptrdiff_t>(image.step[0]),
          engine::PixelFormat::kBgr};
}

/// Titles cannot be read in fewer pixels: smaller pictures are shown with each pixel as a square of several.
cv::Mat enlarge_for_titles(const cv::Mat& image) {
  constexpr int kLegibleSide = 256;
  constexpr int kLongestSide = 4096;
  const auto [shorter, longer] = std::minmax(image.cols, image.rows);
  const int factor = std::min((kLegibleSide + shorter - 1) / shorter, kLongestSide / longer);
  cv::Mat larger = image;
  if (factor > 1) cv::resize(image, larger, {}, factor, factor, cv::INTER_NEAREST);
  return larger;
}

/// Reads images in batches, classifies each batch, keeps the results in the inputs' order.
class ClassifyRun {
 public:
  ClassifyRun(const Settings& settings, const pipeline::Classifier& classifier,
              std::vector<engine::Label> labels)
      : settings_(settings),
        classifier_(classifier),
        labels_(std::move(labels)),
        names_(names_of(labels_)),
        batch_(settings.batch > 0 ? static_cast<std::size_t>(settings.batch) : classifier.cores()) {}

  /// \param annotated  where each input's copy goes; empty: none are made
  void run(const std::vector<Input>& inputs, const std::vector<std::filesystem::path>& annotated) {
    const Interrupt interrupt;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (interrupt.requested()) {
        fail(fmt::format("interrupted after {} of {}; what there was is written", i,
                         plural(inputs.size(), "image")));
        break;
      }
      bar_.update(static_cast<double>(i), static_cast<double>(inputs.size()), inputs[i].name);
      read(inputs[i], annotated.empty() ? std::filesystem::path() : annotated[i]);
      if (pictures_.size() == batch_) classify();
    }
    classify();
    bar_.clear();
  }
  void fail(const std::string& message) {
    ++failures_;
    bar_.clear();
    print_error(message);
  }
  std::uint64_t failures() const { return failures_; }
  const ordered_json& images() const { return images_; }

 private:
  void read(const Input& input, const std::filesystem::path& annotated) {
    const bool missing = !is_uri(input.path) && !why_missing(input.path).empty();
    if (input.kind != InputKind::kImage && !missing) {
      fail(fmt::format("'{}' is not an image; accepted are image files, folders of them and quoted globs",
                       input.path));
      return;
    }
    try {
      std::string remark;
      pictures_.push_back({input.name, annotated, read_image(input.path, &remark)});
      if (!remark.empty()) warn(remark);
    } catch (const std::exception& error) {
      fail(error.what());
    }
  }
  void warn(const std::string& message) {
    bar_.clear();
    print_error("warning: " + message);
  }

  void classify() {
    std::vector<Logits> logits;
    try {
      logits = logits_of(pictures_);
    } catch (const std::exception&) {  // Of one image, perhaps: the others of its batch are not to blame.
      logits = logits_singly();
    }
    for (std::size_t i = 0; i < pictures_.size(); ++i)
      if (!logits[i].empty()) add(pictures_[i], engine::top_classes(logits[i], settings_.top));
    pictures_.clear();
  }
  std::vector<Logits> logits_of(std::span<const Picture> pictures) const {
    std::vector<engine::ImageView> views;
    for (const auto& picture : pictures) views.push_back(view_of(picture.pixels));
    return classifier_.logits(views);
  }
  /// None where there is no result.
  std::vector<Logits> logits_singly() {
    std::vector<Logits> logits;
    for (const auto& picture : pictures_) {
      auto& one = logits.emplace_back();
      try {
        one = logits_of({&picture, 1}).front();
      } catch (const std::exception& error) {
        fail(fmt::format("No result for '{}': {}", picture.name, error.what()));
      }
    }
    return logits;
  }

  void add(const Picture& picture, const std::vector<engine::ClassScore>& classes) {
    auto top = ordered_json::array();
    for (const auto& [index, score] : classes) {
      const auto& label = labels_.at(static_cast<std::size_t>(index));
      ordered_json best{{"class", index}, {"label", label.name}, {"score", score}};
      if (!label.synset.empty()) best["synset"] = label.synset;
      top.push_back(std::move(best));
    }
    images_.push_back({{"file", engine::name_in_results(picture.name)}, {"top", std::move(top)}});
    if (picture.annotated.empty()) return;
    try {
      annotate(picture, classes);
    } catch (const std::exception& error) {  // Results are there without the copy.
      fail(fmt::format("No annotated copy of '{}': {}", picture.name, error.what()));
    }
  }

  void annotate(const Picture& picture, const std::vector<engine::ClassScore>& classes) const {
    const auto copy = enlarge_for_titles(picture.pixels);
    elements::paint_titles({copy.data, copy.cols, copy.rows, static_cast<std::ptrdiff_t>(copy.step[0]),
                            engine::PixelFormat::kBgr},
                           classes, names_);
    write_image(copy, picture.annotated);
  }

  const Settings& settings_;
  const pipeline::Classifier& classifier_;
  const std::vector<engine::Label> labels_;
  const std::vector<std::string> names_;
  const std::size_t batch_;
  ProgressBar bar_;
  std::vector<Picture> pictures_;
  ordered_json images_ = ordered_json::array();
  std::uint64_t failures_ = 0;
};

void print_tables(const ordered_json& images) {
  for (const auto& image : images) {
    std::cout << printable(image.at("file").get<std::string>()) << '\n';
    Table table({"  class>", "score>", "label"});
    for (const auto& best : image.at("top")) {
      table.add({fmt::format("  {}", best.at("class").get<int>()),
                 fmt::format("{:.1f} %", 100 * best.at("score").get<double>()),
                 best.at("label").get<std::string>()});
    }
    table.print(std::cout);
    std::cout << '\n';
  }
}

/// Those of the file, else the model's own. \throws engine::SettingError where the file has not as many
std::vector<engine::Label> labels_for(const Settings& settings, const std::vector<std::string>& own) {
  std::vector<engine::Label> labels;
  if (settings.labels.empty()) {
    for (const auto& name : own) labels.push_back({{}, name});
    return labels;
  }
  labels = engine::read_labels(settings.labels);
  if (labels.size() != own.size()) {
    throw engine::SettingError(fmt::format("'{}' has {} labels; the model has {} classes",
                                           settings.labels.string(), labels.size(), own.size()));
  }
  return labels;
}

/// \param failed  whether something could not be read, or not be classified
void report(const Settings& settings, const ordered_json& images, bool failed) {
  // An empty list in place of results that are there would say that there was no image.
  const bool nothing_read = images.empty() && failed;
  if (!settings.json.empty()) {
    if (!nothing_read || settings.json == "-") write_json({{"images", images}}, settings.json);
    if (nothing_read || settings.json == "-") return;
    const auto copies =
        settings.output.empty() ? "" : fmt::format(", annotated: {}", settings.output.string());
    std::cout << fmt::format("{}{}, results: {}\n", plural(images.size(), "image"), copies, settings.json);
  } else if (settings.output.empty()) {
    print_tables(images);
  } else {
    std::cout << fmt::format("{}, annotated: {}\n", plural(images.size(), "image"), settings.output.string());
  }
}

/// \throws engine::SettingError
void check_files(const Settings& settings, const std::vector<Input>& inputs,
                 const std::vector<std::filesystem::path>& annotated) {
  auto read = named_files("the input", inputs);
  read.push_back({"-m", settings.session.model});
  read.push_back({"--labels", settings.labels});
  std::vector<NamedFile> written;
  for (const auto& file : annotated) written.push_back({"--output", file});
  written.push_back({"--json", settings.json});
  check_outputs(written, read);
}

int classify(const Settings& settings) {
  const Interrupt interrupt;  // Until results are in their place.
  const auto expanded = expand_inputs(settings.inputs, settings.output);
  std::vector<std::filesystem::path> annotated;
  if (!settings.output.empty()) annotated = annotated_files(expanded.inputs, settings.output);
  check_files(settings, expanded.inputs, annotated);
  const auto classifier = pipeline::Classifier::create(settings.session);
  ClassifyRun run(settings, *classifier, labels_for(settings, classifier->config().class_names));
  for (const auto& problem : expanded.problems) run.fail(problem);
  run.run(expanded.inputs, annotated);
  report(settings, run.images(), run.failures() > 0);
  return run.failures() == 0 ? kDone : kFailed;
}

}  // namespace

Command add_classify(CLI::App& program) {
  auto settings = std::make_shared<Settings>();
  auto* app = program.add_subcommand("classify", "Name what images show, with a classifier's artifact");
  app->add_option("-m,--model", settings->session.model, "Artifact made by 'neuron-rcnn compile --arch'")
      ->required();
  app->add_option(
         "IMAGE", settings->inputs,
         "Images, folders of images (and of folders, links to them followed), quoted globs ('shots/*.jpg')")
      ->required();
  app->add_option("--top", settings->top, "Classes to name, best first (default: 5)")
      ->check(whole_number_between(1, 100000))
      ->option_text("N");
  app->add_option("--json", settings->json, "Write results to this file; - for standard output");
  app->add_option("--output", settings->output,
                  "Copies with the classes and scores written on them: a folder (a / at the end makes one; "
                  "copies of earlier runs in it are no inputs), or a file for one image")
      ->option_text("DIR");
  app->add_option("--labels", settings->labels,
                  "Names of the classes instead of the model's: one a line, or imagenet_class_index.json, "
                  "whose synset "
                  "ids then stand in the results")
      ->option_text("FILE");
  app->add_option("--cores", settings->session.cores, "NeuronCores to run on, such as 0-1 (default: all)");
  app->add_option("--batch", settings->batch,
                  "Images run together, split evenly over the cores, 1..4096 (default: one a core)")
      ->check(whole_number_between(1, 4096))
      ->option_text("N");
  return {app, [settings] { return classify(*settings); }};
}

}  // namespace rcnn::launch
