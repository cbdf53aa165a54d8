// SPDX-License-Identifier: MIT
// classify: the best classes of images.
#include <spdlog/fmt/fmt.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/errors.hpp"
#include "engine/model/labels_file.hpp"
#include "engine/results/pending_file.hpp"
#include "launch/commands.hpp"
#include "launch/diagnostics.hpp"
#include "launch/image_file.hpp"
#include "launch/inputs.hpp"
#include "launch/progress_bar.hpp"
#include "launch/table.hpp"
#include "pipeline/classifier.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::ordered_json;

struct Settings {
  pipeline::SessionOptions session;
  std::vector<std::string> inputs;
  std::string json;              ///< Empty: a table on stdout
  std::filesystem::path labels;  ///< Empty: the artifact's
  int top = 5;
  int batch = 0;  ///< 0: an image a core
};

struct Picture {
  std::string name;
  cv::Mat pixels;
};

engine::ImageView view_of(const cv::Mat& image) {
  return {image.data, image.cols, image.rows, static_cast<std::ptrdiff_t>(image.step[0]),
          engine::PixelFormat::kBgr};
}

/// Reads images in batches, classifies each batch, keeps the results in the inputs' order.
class ClassifyRun {
 public:
  ClassifyRun(const Settings& settings, const pipeline::Classifier& classifier,
              std::vector<engine::Label> labels)
      : settings_(settings),
        classifier_(classifier),
        labels_(std::move(labels)),
        batch_(settings.batch > 0 ? static_cast<std::size_t>(settings.batch) : classifier.cores()) {}

  void run(const std::vector<Input>& inputs) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      bar_.update(static_cast<double>(i), static_cast<double>(inputs.size()), inputs[i].name);
      read(inputs[i]);
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
  void read(const Input& input) {
    if (input.kind != InputKind::kImage) {
      fail(fmt::format("'{}' is not an image; accepted are image files, folders of them and quoted globs",
                       input.path));
      return;
    }
    try {
      pictures_.push_back({input.name, read_image(input.path)});
    } catch (const engine::Error& error) {
      fail(error.what());
    }
  }

  void classify() {
    std::vector<engine::ImageView> views;
    for (const auto& picture : pictures_) views.push_back(view_of(picture.pixels));
    const auto logits = classifier_.logits(views);
    for (std::size_t i = 0; i < pictures_.size(); ++i) add(pictures_[i].name, logits[i]);
    pictures_.clear();
  }

  void add(const std::string& name, const std::vector<float>& logits) {
    auto top = ordered_json::array();
    for (const auto& [index, score] : engine::top_classes(logits, settings_.top)) {
      const auto& label = labels_.at(static_cast<std::size_t>(index));
      ordered_json best{{"class", index}, {"label", label.name}, {"score", score}};
      if (!label.synset.empty()) best["synset"] = label.synset;
      top.push_back(std::move(best));
    }
    images_.push_back({{"file", name}, {"top", std::move(top)}});
  }

  const Settings& settings_;
  const pipeline::Classifier& classifier_;
  const std::vector<engine::Label> labels_;
  const std::size_t batch_;
  ProgressBar bar_;
  std::vector<Picture> pictures_;
  ordered_json images_ = ordered_json::array();
  std::uint64_t failures_ = 0;
};

void print_tables(const ordered_json& images) {
  for (const auto& image : images) {
    std::cout << image.at("file").get<std::string>() << '\n';
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

void write_json(const std::string& file, const ordered_json& images) {
  const auto text =
      ordered_json{{"images", images}}.dump(2, ' ', false, ordered_json::error_handler_t::replace);
  if (file == "-") {
    std::cout << text << '\n';
    return;
  }
  engine::PendingFile pending(file);
  std::ofstream out(pending.path());
  out << text << '\n';
  out.close();
  if (!out) throw engine::Error(fmt::format("Cannot write '{}': is the disk full?", file));
  pending.commit();
}

/// Those of the file, else the model's own. \throws engine::SettingError where the file has not as many
std::vector<engine::Label> labels_for(const Settings& settings, const std::vector<std::string>& own) {
  std::vector<engine::Label> labels;
  if (settings.labels.empty()) {
    for (const auto& name : own) labels.push_back({static_cast<int>(labels.size()), name});
    return labels;
  }
  labels = engine::read_labels(settings.labels);
  if (labels.size() != own.size()) {
    throw engine::SettingError(fmt::format("'{}' has {} labels; the model has {} classes",
                                           settings.labels.string(), labels.size(), own.size()));
  }
  return labels;
}

int classify(const Settings& settings) {
  const auto classifier = pipeline::Classifier::create(settings.session);
  const auto expanded = expand_inputs(settings.inputs);
  ClassifyRun run(settings, *classifier, labels_for(settings, classifier->config().class_names));
  for (const auto& problem : expanded.problems) run.fail(problem);
  run.run(expanded.inputs);
  if (settings.json.empty()) {
    print_tables(run.images());
  } else {
    write_json(settings.json, run.images());
  }
  return run.failures() == 0 ? kDone : kFailed;
}

}  // namespace

Command add_classify(CLI::App& program) {
  auto settings = std::make_shared<Settings>();
  auto* app = program.add_subcommand("classify", "Name what images show, with a classifier's artifact");
  app->add_option("-m,--model", settings->session.model, "Artifact made by 'neuron-rcnn compile --arch'")
      ->required();
  app->add_option("IMAGE", settings->inputs, "Images, folders of images, quoted globs ('shots/*.jpg')")
      ->required();
  app->add_option("--top", settings->top, "Classes to name, best first (default: 5)")
      ->check(CLI::Range(1, 100000))
      ->option_text("N");
  app->add_option("--json", settings->json, "Write results to this file; - for standard output");
  app->add_option("--labels", settings->labels,
                  "Names of the classes instead of the model's: one a line, or imagenet_class_index.json, "
                  "whose synset "
                  "ids then stand in the results")
      ->option_text("FILE");
  app->add_option("--cores", settings->session.cores, "NeuronCores to run on, such as 0-1 (default: all)");
  app->add_option("--batch", settings->batch,
                  "Images run together, split evenly over the cores, 1..4096 (default: one a core)")
      ->check(CLI::Range(1, 4096))
      ->option_text("N");
  return {app, [settings] { return classify(*settings); }};
}

}  // namespace rcnn::launch
