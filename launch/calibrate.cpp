// SPDX-License-Identifier: MIT
#include "launch/calibrate.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "engine/compile/quantization.hpp"
#include "engine/errors.hpp"
#include "engine/model/checksum.hpp"
#include "engine/quantize/calibrate.hpp"
#include "launch/detect_images.hpp"
#include "launch/frame_loop.hpp"
#include "launch/inputs.hpp"
#include "launch/interrupt.hpp"
#include "pipeline/classifier.hpp"

namespace rcnn::launch {
namespace {

/// Trials are loaded like any artifact and would each remark that they multiply in f32, which is what they
/// are for.
class OnlyErrors {
 public:
  OnlyErrors() : level_(spdlog::get_level()) {
    if (level_ == spdlog::level::info || level_ == spdlog::level::warn) spdlog::set_level(spdlog::level::err);
  }
  ~OnlyErrors() { spdlog::set_level(level_); }
  OnlyErrors(const OnlyErrors&) = delete;
  OnlyErrors& operator=(const OnlyErrors&) = delete;

 private:
  spdlog::level::level_enum level_;
};

/// What is found is not what calibration is after.
class CalibrationSink final : public ResultSink {
 public:
  CalibrationSink(ProgressBar& bar, const Interrupt& interrupt, std::string what)
      : bar_(bar), interrupt_(interrupt), what_(std::move(what)) {}

  void found(const FrameResult& /*result*/) override {}
  void failed(const std::string& message) override {
    throw engine::ModelError("calibration: " + message +
                             "; take it out of the calibration images, or mend it");
  }
  void warned(const std::string& message) override { spdlog::warn("calibration: {}", message); }
  void progressed(double done, double total, const std::string& note) override {
    require_going_on();
    bar_.update(done, total, fmt::format("calibrating ({}): {}", what_, note));
  }
  /// \throws engine::Error once it was interrupted: ranges of fewer images are others.
  void require_going_on() const {
    if (interrupt_.requested()) throw engine::Error("calibration was interrupted; no artifact was written");
  }

 private:
  ProgressBar& bar_;
  const Interrupt& interrupt_;
  std::string what_;
};

std::vector<Input> find_images(const CalibrationSettings& settings) {
  const auto expanded = expand_inputs(settings.images);
  if (!expanded.problems.empty()) throw engine::SettingError("--calibrate: " + expanded.problems.front());
  std::vector<Input> all;
  for (const auto& input : expanded.inputs) {
    if (input.kind != InputKind::kImage) {
      throw engine::SettingError(
          "--calibrate: '" + input.path +
          "' is no image; give folders, image files or globs of such as the model will see");
    }
    all.push_back(input);
  }
  if (all.empty()) {
    throw engine::SettingError(
        fmt::format("--calibrate: no image in {}; give folders, image files or globs of such "
                    "as the model will see, some dozens",
                    fmt::join(settings.images, ", ")));
  }
  const auto most = static_cast<std::size_t>(settings.most);
  if (all.size() <= most) return all;
  std::vector<Input> some;
  for (std::size_t i = 0; i < most; ++i) some.push_back(all[i * all.size() / most]);
  return some;
}

void run_detector(const std::filesystem::path& artifact, std::span<const Input> images,
                  const std::shared_ptr<engine::ActivationTap>& tap, CalibrationSink& sink) {
  const auto session = pipeline::Session::create(
      {.model = artifact, .cores = {}, .deterministic = true, .emulate_precision = true});
  const engine::ActivationTap::Scope scope(tap);
  detect_images(images, {}, session, {.model = artifact, .deterministic = true}, sink);
  sink.require_going_on();
}

void run_classifier(const std::filesystem::path& artifact, std::span<const Input> images,
                    const std::shared_ptr<engine::ActivationTap>& tap, CalibrationSink& sink) {
  const auto classifier = pipeline::Classifier::create(
      {.model = artifact, .cores = {}, .deterministic = true, .emulate_precision = true});
  const engine::ActivationTap::Scope scope(tap);
  for (std::size_t i = 0; i < images.size(); ++i) {
    sink.progressed(static_cast<double>(i), static_cast<double>(images.size()), images[i].name);
    const Picture picture{std::filesystem::path(images[i].path)};
    classifier->logits(std::vector{picture.view()});
  }
}

/// What tells the images from others, in the order in which they are looked at: whether they were written
/// before the artifact says nothing of what is in them.
std::string images_checksum(std::span<const Input> images) {
  std::string text;
  for (const auto& image : images) text += engine::file_checksum(image.path) + " " + image.name + "\n";
  return engine::checksum(text);
}

}  // namespace

/// Layers that no picture reached have no ranges, so they are not in int8, which nobody would notice.
void remark_on_unreached(const engine::Quantization& quantization) {
  std::map<std::string, int> unreached;
  for (const auto& [name, layer] : quantization.layers) {
    if (layer.reason == engine::kNotReached) ++unreached[layer.program];
  }
  for (const auto& [program, layers] : unreached) {
    spdlog::warn(
        "calibration: nothing reached {} layers of the {}, which stay in bf16; give images in which the "
        "model finds "
        "something",
        layers, program);
  }
}

void calibrate(engine::CompiledModel& model, const std::string& precision,
               const CalibrationSettings& settings, const std::filesystem::path& artifact, ProgressBar& bar) {
  const auto* detector = std::get_if<engine::ModelConfig>(&model.config);
  if (detector != nullptr && detector->load_proposals) {
    throw engine::SettingError(
        "a Fast R-CNN cannot be calibrated: it looks at boxes that come with its images, and calibration has "
        "none; compile it without --calibrate, with --precision bf16 or f32");
  }
  const auto images = find_images(settings);
  auto quiet = std::make_optional<OnlyErrors>();
  const Interrupt interrupt;  // Trials are large: they are removed before the program ends.
  const auto run = [&](const std::filesystem::path& file, int count,
                       const std::shared_ptr<engine::ActivationTap>& tap, const std::string& what) {
    CalibrationSink sink(bar, interrupt, what);
    const auto some = std::span(images).first(static_cast<std::size_t>(count));
    detector != nullptr ? run_detector(file, some, tap, sink) : run_classifier(file, some, tap, sink);
  };
  auto& picks = engine::Conv2dPicks::process();
  const engine::CalibrationOptions options{
      .precision = precision,
      .images = static_cast<int>(images.size()),
      .range_method = settings.range_method,
      .budget = settings.budget.value_or(engine::default_budget(precision)),
      .methods = engine::choose_methods(model, precision, picks),
      .careful = engine::choose_methods(model, precision, picks, engine::MethodChoice::kCareful),
      .target = artifact};
  auto plan = engine::calibrate(model, options, run);
  plan.images_checksum = images_checksum(images);
  quiet.reset();
  if (precision == engine::kInt8) remark_on_unreached(plan);
  engine::quantize(model, plan, precision);
}

bool is_calibrated(const engine::Quantization& quantization, const std::string& precision,
                   const CalibrationSettings& settings) {
  const auto images = find_images(settings);
  const bool has_ranges = !quantization.activations.empty();
  return quantization.images == static_cast<int>(images.size()) &&
         (!has_ranges || quantization.range_method == settings.range_method) &&
         quantization.budget == settings.budget.value_or(engine::default_budget(precision)) &&
         quantization.images_checksum == images_checksum(images);
}

}  // namespace rcnn::launch
