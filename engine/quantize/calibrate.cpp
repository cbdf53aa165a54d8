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
    if (options_.precision == "bf16") return {model_, options_.methods};
    return {model_, ranges(), options_.range_method, options_.methods};
  }

  std::map<std::string, Histogram> ranges() {
    const auto tap = std::make_shared<HistogramTap>(Planner::values_of_interest(model_));
    run_(exact_.file(), options_.images, tap, "learning ranges");
    return tap->histograms();
  }

  void warn_beyond_budget(const std::string& program, double error) const {
    if (error <= options_.budget) return;
    spdlog::warn(
        "calibrate: {}'s outputs have an error of {:.2f} % though no layer is left that could be {}; the "
        "budget is {:.2f} %. An --error-budget above {:.4f} lets the quicker layers in",
        program, 100 * error,
        options_.precision == kInt8 ? "set aside" : "direct instead of by Winograd's method",
        100 * options_.budget, error);
  }

  std::size_t find_kept(std::size_t program) {
    const auto& graph = model_.programs[program].graph;
    const auto candidates = planner_.candidates(program).size();
    tried_.clear();
    if (candidates == 0 && options_.precision == kInt8) return 0;  // No layer of it has ranges
    ReferenceOutputs references;
    run_(exact_.file(), searched_, TrialTap::collecting(graph, references), graph.name + ", exact");
    if (references.kept.empty()) return 0;  // The few images of the search have nothing for this program
    const auto error = [&](std::size_t kept) { return tried_[kept] = try_out(program, kept, references); };
    const auto kept = engine::find_kept(candidates, options_.budget, error);
    if (!tried_.contains(kept)) error(kept);  // All are left out and the budget is not kept to
    return kept;
  }

  double try_out(std::size_t program, std::size_t kept, const ReferenceOutputs& references) {
    const auto& graph = model_.programs[program].graph;
    auto plan = planner_.trial(program, kept);
    auto model = model_;
    quantize(model, std::move(plan), options_.precision);
    const Trial trial(model, options_.target, graph.name);
    const auto tap = TrialTap::comparing(graph, references);
    run_(trial.file(), searched_, tap, graph.name + ", " + std::to_string(kept) + " layers left out");
    spdlog::debug("calibrate: {} with {} of {} layers left out has an error of {:.4f}", graph.name, kept,
                  planner_.candidates(program).size(), tap->error());
    return tap->error();
  }

  const CompiledModel& model_;
  const CalibrationOptions& options_;
  const RunImages& run_;
  const int searched_;
  const Trial exact_;
  const Planner planner_;
  std::map<std::size_t, double> tried_;  ///< Errors of the program in hand, by the layers kept out
};

}  // namespace

// bf16's own rounding adds 0.4 % to the default model and 0.7 % to R_50, Winograd's method a quarter to a
// third of that again: whoever gives images for bf16 would rather be near f32 than quickest.
double default_budget(const std::string& precision) { return precision == kInt8 ? 0.06 : 0.0045; }

Quantization calibrate(const CompiledModel& model, const CalibrationOptions& options, const RunImages& run) {
  return Search(model, options, run).find();
}

}  // namespace rcnn::engine
