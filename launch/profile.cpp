// SPDX-License-Identifier: MIT
// profile: where the time of an artifact's frames goes, operator by operator, in the manner of PyTorch's
// profiler.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/errors.hpp"
#include "launch/commands.hpp"
#include "launch/frame_loop.hpp"
#include "launch/image_size.hpp"
#include "launch/json_file.hpp"
#include "launch/number_check.hpp"
#include "launch/output_files.hpp"
#include "launch/profile_report.hpp"
#include "launch/progress_bar.hpp"
#include "launch/table.hpp"
#include "launch/trace_file.hpp"
#include "launch/units.hpp"
#include "pipeline/classifier.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::ordered_json;

struct Settings {
  std::vector<std::string> models;
  std::string cores;
  std::string image;
  std::string size = "1280x720";
  int frames = 20;
  int warm_ups = 3;
  int in_flight = 0;  ///< 0: one more than cores
  int top = 25;
  bool deterministic = false;
  std::string json;
  std::filesystem::path trace;
};

/// One artifact's frames.
struct Run {
  std::string model;
  std::string partition;  ///< Of detectors
  std::size_t cores = 0;
  double ms_per_frame = 0;  ///< 1 / throughput
  std::vector<engine::TraceSpan> spans;
  Profile profile;
};

Picture picture_for(const Settings& settings) {
  if (!settings.image.empty()) return Picture(std::filesystem::path(settings.image));
  return Picture(parse_image_size("--size", settings.size));
}

/// Runs `iterate(count)` for the warm-ups, then for the frames while a trace is kept.
template <typename Iterate>
void run_traced(const Settings& settings, Run& run, const Iterate& iterate) {
  if (settings.warm_ups > 0) iterate(settings.warm_ups, "warming up");
  auto& trace = engine::Trace::process();
  trace.start();
  const auto began = TimedLoop::Clock::now();
  try {
    iterate(settings.frames, "profiling");
  } catch (...) {
    trace.stop();
    throw;
  }
  const std::chrono::duration<double, std::milli> took = TimedLoop::Clock::now() - began;
  run.spans = trace.stop();
  run.ms_per_frame = took.count() / settings.frames;
}

void run_detector(const Settings& settings, const Picture& picture, ProgressBar& bar, Run& run) {
  const auto session = pipeline::Session::create(
      {.model = run.model, .cores = settings.cores, .deterministic = settings.deterministic});
  run.partition = session->model().artifact().options().partition;
  run.cores = session->programs().cores().size();
  const int in_flight = settings.in_flight > 0 ? settings.in_flight : static_cast<int>(run.cores) + 1;
  run_traced(settings, run, [&](int frames, const char* what) {
    run_frames(session, picture, in_flight, frames,
               [&](int ended) { bar.update(ended, frames, fmt::format("{}: {}", run.model, what)); });
  });
}

void run_classifier(const Settings& settings, const Picture& picture, ProgressBar& bar, Run& run) {
  const auto classifier = pipeline::Classifier::create(
      {.model = run.model, .cores = settings.cores, .deterministic = settings.deterministic});
  run.cores = classifier->cores();
  const std::vector<engine::ImageView> images{picture.view()};
  run_traced(settings, run, [&](int frames, const char* what) {
    for (int i = 0; i < frames; ++i) {
      classifier->logits(images);
      bar.update(i + 1, frames, fmt::format("{}: {}", run.model, what));
    }
  });
}

Run profile_model(const Settings& settings, const std::string& model, const Picture& picture) {
  const auto artifact = engine::Artifact::open(model);
  Run run;
  run.model = model;
  ProgressBar bar;
  if (artifact->is_classifier()) {
    run_classifier(settings, picture, bar, run);
  } else {
    if (artifact->config().load_proposals) {
      throw engine::SettingError(fmt::format(
          "'{}' holds a Fast R-CNN, which looks at boxes that come with its images; profile has none",
          model));
    }
    run_detector(settings, picture, bar, run);
  }
  bar.clear();
  run.profile = add_up(run.spans);
  return run;
}

std::string format_ms(double ms) { return fmt::format("{:.{}f}", ms, ms < 9.995 ? 3 : ms < 99.95 ? 2 : 1); }

/// What waits for a core is in a stage and not in an operator.
void print_stages(const Run& run, int frames) {
  if (run.profile.stages.empty()) return;
  Table table({"stage", "what", "frames>", "ms a frame, waiting included>"});
  for (const auto& stage : run.profile.stages) {
    table.add({stage.element, stage.part, std::to_string(stage.frames), format_ms(stage.total_ms / frames)});
  }
  table.print(std::cout);
  std::cout << '\n';
}

void print_kinds(const Run& run, int frames) {
  Table table({"operator", "implementation", "where", "calls>", "total ms>", "ms a frame>", "share>"});
  for (const auto& line : by_kind(run.profile)) {
    table.add({line.op, line.implementation, line.where, std::to_string(line.calls), format_ms(line.total_ms),
               format_ms(line.total_ms / frames), format_percent(line.share)});
  }
  table.print(std::cout);
  std::cout << '\n';
}

void print_operators(const Run& run, int top) {
  Table table({"name", "operator", "output", "calls>", "total ms>", "mean ms>", "share>", "where"});
  const auto& operators = run.profile.operators;
  const auto shown = top == 0 ? operators.size() : std::min(operators.size(), static_cast<std::size_t>(top));
  for (const auto& line : std::span(operators).first(shown)) {
    table.add({line.name, line.op, line.shape.empty() ? "" : engine::to_string(line.shape),
               std::to_string(line.calls), format_ms(line.total_ms),
               format_ms(line.total_ms / static_cast<double>(line.calls)), format_percent(line.share),
               line.where});
  }
  table.print(std::cout);
  if (shown < operators.size()) {
    double rest = 0;
    for (const auto& line : std::span(operators).subspan(shown)) rest += line.share;
    std::cout << fmt::format("... and {} more with {}; --top 0 shows all\n", operators.size() - shown,
                             format_percent(rest));
  }
  std::cout << '\n';
}

double share_on_cores(const Profile& profile) {
  return profile.busy_ms > 0 ? profile.on_cores_ms / profile.busy_ms : 0;
}

void print_run(const Settings& settings, const Run& run) {
  std::cout << fmt::format("{}{}: {} on {}, {} ms a frame, {} of the operators' time on NeuronCores\n\n",
                           run.model, run.partition.empty() ? "" : fmt::format(" ({})", run.partition),
                           plural(static_cast<std::uint64_t>(settings.frames), "frame"),
                           plural(run.cores, "core"), format_ms(run.ms_per_frame),
                           format_percent(share_on_cores(run.profile)));
  print_stages(run, settings.frames);
  print_kinds(run, settings.frames);
  print_operators(run, settings.top);
}

/// The note's progression, where several artifacts are its partitions.
void print_comparison(const std::vector<Run>& runs) {
  if (runs.size() < 2) return;
  Table table({"model", "partition", "ms a frame>", "frames/s>", "gain>", "operators on cores>"});
  for (const auto& run : runs) {
    table.add({run.model, run.partition, format_ms(run.ms_per_frame),
               fmt::format("{:.2f}", 1000 / run.ms_per_frame),
               fmt::format("{:.2f}", runs.front().ms_per_frame / run.ms_per_frame),
               format_percent(share_on_cores(run.profile))});
  }
  table.print(std::cout);
  std::cout << '\n';
}

ordered_json to_json(const ProfiledOperator& line) {
  return {{"name", line.name},         {"operator", line.op},        {"implementation", line.implementation},
          {"where", line.where},       {"output_shape", line.shape}, {"calls", line.calls},
          {"total_ms", line.total_ms}, {"share", line.share}};
}

ordered_json to_json(const Settings& settings, const std::vector<Run>& runs) {
  auto list = ordered_json::array();
  for (const auto& run : runs) {
    auto operators = ordered_json::array();
    for (const auto& line : run.profile.operators) operators.push_back(to_json(line));
    auto stages = ordered_json::array();
    for (const auto& stage : run.profile.stages) {
      stages.push_back({{"element", stage.element},
                        {"part", stage.part},
                        {"frames", stage.frames},
                        {"total_ms", stage.total_ms}});
    }
    ordered_json one{{"model", run.model}};
    if (!run.partition.empty()) one["partition"] = run.partition;
    one["cores"] = run.cores;
    one["frames"] = settings.frames;
    one["ms_per_frame"] = run.ms_per_frame;
    one["share_on_cores"] = share_on_cores(run.profile);
    one["stages"] = std::move(stages);
    one["operators"] = std::move(operators);
    list.push_back(std::move(one));
  }
  return {{"models", std::move(list)}};
}

/// \throws engine::SettingError
void check_files(const Settings& settings) {
  std::vector<NamedFile> read{{"--image", settings.image}};
  for (const auto& model : settings.models) read.push_back({"-m", model});
  const std::vector<NamedFile> written{{"--json", settings.json}, {"--trace", settings.trace}};
  check_outputs(written, read);
}

int profile(const Settings& settings) {
  check_files(settings);
  const auto picture = picture_for(settings);
  std::vector<Run> runs;
  for (const auto& model : settings.models) {
    runs.push_back(profile_model(settings, model, picture));
    if (settings.json != "-") print_run(settings, runs.back());
  }
  if (settings.json != "-") print_comparison(runs);
  if (!settings.json.empty()) write_json(to_json(settings, runs), settings.json);
  if (settings.trace.empty()) return kDone;
  std::vector<TracedModel> traced;
  for (auto& run : runs) traced.push_back({run.model, std::move(run.spans)});
  write_trace(traced, settings.trace);
  if (settings.json != "-") {
    std::cout << fmt::format("Timeline: {}; open it at ui.perfetto.dev or in chrome://tracing\n",
                             settings.trace.string());
  }
  return kDone;
}

}  // namespace

Command add_profile(CLI::App& program) {
  auto settings = std::make_shared<Settings>();
  auto* app =
      program.add_subcommand("profile", "Show where the time of an artifact's frames goes, by operator");
  app->add_option("-m,--model", settings->models,
                  "Artifacts made by 'neuron-rcnn compile'; of several the gain over the first is shown, too")
      ->required()
      ->option_text("FILE ...");
  auto* image = app->add_option("--image", settings->image, "Picture to look at (default: noise)");
  app->add_option("--size", settings->size, "Size of the noise, WIDTHxHEIGHT")
      ->excludes(image)
      ->capture_default_str();
  app->add_option("--frames", settings->frames, "Frames that are profiled")
      ->check(whole_number_between(1, 100000))
      ->capture_default_str();
  app->add_option("--warm-ups", settings->warm_ups, "Frames before those")
      ->check(whole_number_between(0, 100000))
      ->capture_default_str();
  app->add_option("--cores", settings->cores, "NeuronCores to run on, such as 0-1 (default: all)");
  app->add_option("--in-flight", settings->in_flight,
                  "Frames in flight at once (default: one more than cores); 1: nothing waits")
      ->check(whole_number_between(1, 64))
      ->option_text("N");
  app->add_flag("--deterministic", settings->deterministic,
                "Run convolutions as they are defined, not by what is quickest on this processor");
  app->add_option("--top", settings->top, "Operators to list, longest first; 0: all")
      ->check(whole_number_between(0, 100000))
      ->capture_default_str();
  app->add_option("--json", settings->json, "Write everything to this file; - for standard output, alone");
  app->add_option(
         "--trace", settings->trace,
         "Write a timeline for ui.perfetto.dev or chrome://tracing: rows per core, host thread and stage")
      ->option_text("FILE");
  app->footer(
      "Shares are of the sum of all operators' times; on several cores and with several frames in flight "
      "that\n"
      "sum is longer than the run. What a host stage does is one operator.");
  return {app, [settings] { return profile(*settings); }};
}

}  // namespace rcnn::launch
