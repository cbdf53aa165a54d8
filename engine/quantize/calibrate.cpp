// SPDX-License-Identifier: MIT
#include "engine/quantize/calibrate.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/compile/quantization.hpp"
#include "engine/files/pending_file.hpp"
#include "engine/quantize/histogram_tap.hpp"
#include "engine/quantize/planner.hpp"
#include "engine/quantize/trial_tap.hpp"

namespace rcnn::engine {
namespace {

/// An artifact that is there for a scope: a pending file that never takes its place.
class Trial {
 public:
  /// \param name  tells trials of one target apart
  Trial(const CompiledModel& model, const std::filesystem::path& target, const std::string& name)
      : file_(target.parent_path() / ("trial-" + name + "-" + target.filename().string())) {
    write_artifact(model, file());
  }
  const std::filesystem::path& file() const { return file_.path(); }

 private:
  PendingFile file_;
};

class Search {
 public:
  Search(const CompiledModel& model, const CalibrationOptions& options, const RunImages& run)
      : model_(model),
        options_(options),
        run_(run),
        searched_(std::min(options.images, options.search_images)),
        exact_(model, options.target, "exact"),
        planner_(make_planner()) {}

  Quantization find() {
    std::vector<std::size_t> kept;
    std::map<std::string, double> errors;
    for (std::size_t program = 0; program < model_.programs.size(); ++program) {
      const auto& graph = model_.programs[program].graph;
      kept.push_back(find_kept(program));
      if (const auto error = tried_.find(kept.back()); error != tried_.end()) {
        errors[graph.name] = error->second;
        warn_beyond_budget(graph.name, error->second);
      }
    }
    auto plan = planner_.plan(kept);
    plan.measured = can_measure_methods(options_.precision);
    if (options_.precision == kInt8) plan.range_method = options_.range_method;
    plan.images = options_.images;
    plan.search_images = searched_;
    plan.budget = options_.budget;
    plan.errors = std::move(errors);
    return plan;
  }

 private:
  Planner make_planner() {
    if (!is_int8()) return {model_, options_.methods, options_.careful};
    return {model_, ranges(), options_.range_method, options_.methods};
  }

  std::map<std::string, Histogram> ranges() {
    const auto tap = std::make_shared<HistogramTap>(Planner::values_of_interest(model_));
    run_(exact_.file(), options_.images, tap, "learning ranges");
    return tap->histograms();
  }

  bool is_int8() const { return options_.precision == kInt8; }

  void warn_beyond_budget(const std::string& program, double error) const {
    if (!is_int8() || error <= options_.budget) return;
    spdlog::warn(
        "calibrate: {}'s outputs have an error of {:.2f} % though no layer is left that could be set aside; "
        "the budget is {:.2f} %. An --error-budget above {:.4f} lets the quicker layers in",
        program, 100 * error, 100 * options_.budget, error);
  }

  std::size_t find_kept(std::size_t program) {
    const auto& graph = model_.programs[program].graph;
    const auto candidates = planner_.candidates(program).size();
    tried_.clear();
    if (candidates == 0 && is_int8()) return 0;  // No layer of it has ranges
    ReferenceOutputs references;
    run_(exact_.file(), searched_, TrialTap::collecting(graph, references), graph.name + ", exact");
    if (references.kept.empty()) return 0;  // The few images of the search have nothing for this program
    const auto error = [&](std::size_t kept) {
      if (const auto found = tried_.find(kept); found != tried_.end()) return found->second;
      return tried_[kept] = try_out(program, planner_.trial(program, kept), searched_,
                                    std::to_string(kept) + " layers left out", references);
    };
    if (!is_int8() && candidates > 1 && error(0) > allowed(error(candidates))) rank(program, references);
    const auto kept =
        engine::find_kept(candidates, is_int8() ? options_.budget : allowed(error(candidates)), error);
    if (!tried_.contains(kept)) error(kept);  // All are left out and the budget is not kept to
    return kept;
  }

  /// In bf16. \param careful  the error with all layers careful
  double allowed(double careful) const { return (1 + options_.budget) * careful; }

  /// By the error with one layer quick alone, on one image: what is behind a layer makes more or less of its
  /// own error, which differs little between them.
  void rank(std::size_t program, const ReferenceOutputs& references) {
    std::vector<double> harm;
    for (std::size_t i = 0; i < planner_.candidates(program).size(); ++i) {
      harm.push_back(try_out(program, planner_.trial_of(program, i), 1,
                             "ranking layer " + std::to_string(i + 1), references));
    }
    planner_.rank(program, harm);
  }

  /// \param images  that are run, of those with references
  double try_out(std::size_t program, Quantization plan, int images, const std::string& what,
                 const ReferenceOutputs& references) {
    const auto& graph = model_.programs[program].graph;
    auto model = model_;
    quantize(model, std::move(plan), options_.precision);
    const Trial trial(model, options_.target, graph.name);
    const auto tap = TrialTap::comparing(graph, references);
    run_(trial.file(), images, tap, graph.name + ", " + what);
    spdlog::debug("calibrate: {}, {}: an error of {:.4f}", graph.name, what, tap->error());
    return tap->error();
  }

  const CompiledModel& model_;
  const CalibrationOptions& options_;
  const RunImages& run_;
  const int searched_;
  const Trial exact_;
  Planner planner_;
  std::map<std::size_t, double> tried_;  ///< Errors of the program in hand, by the layers kept out
};

}  // namespace

// In int8 R_50's features, with its reference weights, then err by nearly three times as much as with
// PyTorch's autocast to bf16. In bf16 R_50 keeps F(4x4,3x3) everywhere, and the default model finds 97 % of
// f32's detections again.
double default_budget(const std::string& precision) { return precision == kInt8 ? 0.04 : 0.1; }

Quantization calibrate(const CompiledModel& model, const CalibrationOptions& options, const RunImages& run) {
  return Search(model, options, run).find();
}

}  // namespace rcnn::engine
