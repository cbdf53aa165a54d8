// SPDX-License-Identifier: MIT
// bench: latency and throughput of an artifact here, over numbers of cores, picture sizes and batches.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/errors.hpp"
#include "engine/runtime/core_pool.hpp"
#include "launch/bench_runs.hpp"
#include "launch/commands.hpp"
#include "launch/image_size.hpp"
#include "launch/number_check.hpp"
#include "launch/table.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::ordered_json;

/// Where nothing else is asked for: what AWS's application note measures of a detector.
constexpr Load kLoads[] = {{1, 1}, {1, 2}, {2, 2}, {2, 4}, {4, 4}, {4, 8}};

struct Settings {
  BenchOptions options;
  std::vector<int> in_flight;  ///< Numbers of frames; empty: one more than cores, for batches two
  std::vector<std::string> sizes;
  double stability = 10;  ///< LoopOptions::most_spread in percent
  bool end_to_end = false;
  bool isolated = false;
  bool json = false;
};

/// How many times as many items a second as the first row of the same work.
double gain(const BenchRow& row, const std::vector<BenchRow>& rows) {
  for (const auto& first : rows) {
    if (first.kind == row.kind && first.program == row.program && first.image == row.image &&
        first.batch == row.batch) {
      return row.result.per_second / first.result.per_second;
    }
  }
  return 1;
}

/// In the application note's words: a copy of the model on a core each, and threads that call them.
void print_table(const Settings& settings, const std::string& title, const std::string& kind,
                 const std::vector<BenchRow>& rows) {
  const bool pooling = kind == "roi-align";
  const bool alone = kind == "isolated";
  const bool threaded =
      !pooling && std::ranges::any_of(rows, [](const BenchRow& row) { return row.threads_per_core != 1; });
  std::vector<std::string> columns{"Picture"};
  if (alone) columns.emplace_back("Program");
  columns.insert(columns.end(), {"Samples>", "Batch Size>"});
  if (!pooling) columns.emplace_back("Models>");
  columns.emplace_back("Threads>");
  if (threaded) columns.emplace_back("Threads of a Core>");
  columns.insert(columns.end(), {"Duration (s)>", pooling ? "Throughput (regions/s)>" : "Throughput (inf/s)>",
                                 "Latency P50 (ms)>", "P95>", "P99>", "Gain>"});
  Table table(columns);
  const double most_spread = settings.options.loop.most_spread;
  bool all_steady = true;
  for (const auto& row : rows) {
    if (row.kind != kind) continue;
    const auto& result = row.result;
    const bool steady = !result.spread || *result.spread <= most_spread;
    all_steady = all_steady && steady;
    std::vector<std::string> cells{fmt::format("{}x{}", row.image.width, row.image.height)};
    if (alone) cells.push_back(row.program);
    cells.insert(cells.end(),
                 {std::to_string(result.samples), std::to_string(row.batch), std::to_string(row.parallel)});
    if (!pooling) cells.push_back(std::to_string(row.in_flight));
    if (threaded) cells.push_back(std::to_string(row.threads_per_core));
    cells.insert(cells.end(),
                 {fmt::format("{:.3f}", result.seconds),
                  fmt::format("{:.{}f}{}", result.per_second, pooling ? 0 : 3, steady ? "" : "*")});
    for (const double ms : {result.p50_ms, result.p95_ms, result.p99_ms}) {
      cells.push_back(fmt::format("{:.3f}", ms));
    }
    cells.push_back(fmt::format("{:.2f}", gain(row, rows)));
    table.add(std::move(cells));
  }
  if (table.empty()) return;
  std::cout << '\n' << title << '\n';
  table.print(std::cout);
  if (!all_steady) {
    std::cout << fmt::format(
        "* not steady: throughput differs by more than {:g} % between thirds of the samples\n",
        settings.stability);
  }
}

ordered_json to_json(const Settings& settings, const std::vector<BenchRow>& rows) {
  auto list = ordered_json::array();
  for (const auto& row : rows) {
    const bool pooling = row.kind == "roi-align";
    auto& entry = list.emplace_back(ordered_json{{"kind", row.kind}});
    if (!row.program.empty()) entry["program"] = row.program;
    entry.update({{"width", row.image.width},
                  {"height", row.image.height},
                  {"samples", row.result.samples},
                  {"batch", row.batch},
                  {pooling ? "threads" : "cores", row.parallel}});
    if (!pooling) entry["threads_per_core"] = row.threads_per_core;
    if (!pooling && row.kind != "classify") entry["in_flight"] = row.in_flight;
    entry["duration_s"] = row.result.seconds;
    entry[pooling ? "regions_per_second" : "images_per_second"] = row.result.per_second;
    entry["p50_ms"] = row.result.p50_ms;
    entry["p95_ms"] = row.result.p95_ms;
    entry["p99_ms"] = row.result.p99_ms;
    entry["gain"] = gain(row, rows);
    entry["spread_percent"] = row.result.spread ? ordered_json(*row.result.spread * 100) : ordered_json();
  }
  return {{"model", settings.options.model.string()},
          {"warm_ups", settings.options.loop.warm_ups},
          {"iterations", settings.options.loop.iterations},
          {"stability_percent", settings.stability},
          {"rows", std::move(list)}};
}

/// The application note's loads are what is asked for.
bool as_the_note(const Settings& settings) {
  return settings.options.cores.empty() && settings.in_flight.empty() && settings.options.batches.empty();
}

/// These need four cores: so many are emulated, unless the environment says how many there are.
void make_cores_for_the_note() {
  const auto there = engine::CoreSettings::from_environment();
  const int needed = kLoads[std::size(kLoads) - 1].cores;
  if (there.chosen || static_cast<int>(there.cores.size()) >= needed) return;
  setenv("NEURON_RT_NUM_CORES", std::to_string(needed).c_str(), 1);
}

void check_for_classifier(const Settings& settings) {
  const auto model = settings.options.model.string();
  const auto refuse = [&](const std::string& option, const std::string& why) {
    throw engine::SettingError(
        fmt::format("{} is for detectors; '{}' holds a classifier, {}", option, model, why));
  };
  if (!settings.sizes.empty()) refuse("--size", "whose input has one size");
  if (!settings.in_flight.empty()) refuse("--max-in-flight", "which takes whole batches (--batch)");
  if (settings.isolated) refuse("--isolated", "which is one program");
  if (settings.end_to_end) refuse("--end-to-end", "which is one program");
}

/// What was not asked for: 1 to all cores, with the threads that the environment gives them.
void complete(Settings& settings, bool note) {
  auto& options = settings.options;
  const auto& there = engine::CorePool::process().settings();
  const int most = static_cast<int>(there.cores.size());
  for (const int cores : options.cores) {
    if (cores > most) {
      throw engine::SettingError(
          fmt::format("--cores {}: there are {}; NEURON_RT_NUM_CORES says how many there are", cores, most));
    }
  }
  if (options.cores.empty()) {
    options.cores.resize(static_cast<std::size_t>(note ? std::clamp(there.cpus, 1, most) : most));
    std::iota(options.cores.begin(), options.cores.end(), 1);
  }
  if (options.threads_per_core.empty()) options.threads_per_core = {there.threads_per_core};
  // The frames of a batch come to their host stages together; others have to keep the cores busy meanwhile.
  const int more = options.batches.empty() ? 1 : 2;
  for (const int cores : note ? std::vector<int>() : options.cores) {
    const auto counts = settings.in_flight.empty() ? std::vector{cores + more} : settings.in_flight;
    for (const int in_flight : counts) options.loads.push_back({cores, in_flight});
  }
  for (const auto& load : kLoads) {
    if (note && load.cores <= most) options.loads.push_back(load);
  }
  options.end_to_end = settings.end_to_end || !settings.isolated;
  options.isolated = settings.isolated || !settings.end_to_end;
  options.loop.most_spread = settings.stability / 100;
}

std::vector<BenchRow> run(Settings& settings) {
  auto& options = settings.options;
  const auto artifact = engine::Artifact::open(options.model);
  if (artifact->is_classifier()) {
    check_for_classifier(settings);
    complete(settings, false);
    if (options.batches.empty()) options.batches = {1, 2, 3, 4, 5, 6, 7, 8};
    return bench_classifier(options);
  }
  if (artifact->config().load_proposals) {
    throw engine::SettingError(
        fmt::format("'{}' holds a Fast R-CNN, which looks at boxes that come with its images; "
                    "bench has none",
                    options.model.string()));
  }
  const bool note = as_the_note(settings);
  if (note) make_cores_for_the_note();
  complete(settings, note);
  std::vector<engine::Size> sizes;
  for (const auto& size : settings.sizes) sizes.push_back(parse_image_size("--size", size));
  if (sizes.empty()) sizes = {{608, 448}, {1344, 800}};
  std::vector<BenchRow> rows;
  const auto append = [&](std::vector<BenchRow> more) {
    rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  for (const auto& size : sizes) append(bench_detector(options, size));
  if (options.isolated) append(bench_roi_align(options, sizes.back()));
  return rows;
}

/// That emulated cores share CPUs, where they do.
void remark_on_turns(const std::vector<BenchRow>& rows) {
  const int cpus = engine::CorePool::process().settings().cpus;
  int most = 0;
  for (const auto& row : rows) {
    if (row.kind != "roi-align") most = std::max(most, row.parallel * row.threads_per_core);
  }
  if (cpus > 0 && most > cpus) {
    std::cout << fmt::format(
        "\nCores with more threads in all than there are CPUs ({}) take turns on these.\n", cpus);
  }
}

int bench(Settings settings) {
  settings.options.lines = settings.json ? &std::cerr : &std::cout;
  const auto rows = run(settings);
  if (settings.json) {
    std::cout << to_json(settings, rows).dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
    return kDone;
  }
  print_table(settings, "Detection, end to end", "detect", rows);
  print_table(settings, "Detection in batches, end to end", "detect-batch", rows);
  print_table(settings, "Programs, isolated", "isolated", rows);
  print_table(settings, "RoIAlign, isolated", "roi-align", rows);
  print_table(settings, "Classification", "classify", rows);
  remark_on_turns(rows);
  return kDone;
}

}  // namespace

Command add_bench(CLI::App& program) {
  auto settings = std::make_shared<Settings>();
  auto* app =
      program.add_subcommand("bench", "Measure an artifact's latency and throughput on 1 to all cores");
  auto& loop = settings->options.loop;
  app->add_option("-m,--model", settings->options.model, "Artifact made by 'neuron-rcnn compile'")
      ->required();
  app->add_option(
         "--cores", settings->options.cores,
         "Numbers of cores, each with a copy of the model, and of threads of RoIAlign (default: 1 to all; "
         "see below for detectors)")
      ->check(whole_number_between(1, 4096))
      ->option_text("N ...");
  app->add_option("--threads-per-core", settings->options.threads_per_core,
                  "Numbers of threads that a core has, 1..256 (default: NEURON_EMU_THREADS_PER_CORE)")
      ->check(whole_number_between(1, 256))
      ->option_text("N ...");
  app->add_option(
         "--max-in-flight", settings->in_flight,
         "For detectors: numbers of frames under way at a time, 1..64 (default: one more than cores, with "
         "--batch two more; see below)")
      ->check(whole_number_between(1, 64))
      ->option_text("N ...");
  app->add_option(
         "--size", settings->sizes,
         "Picture sizes for detectors, WIDTHxHEIGHT (default: 608x448 1344x800); the artifact's own input "
         "says what becomes of them")
      ->option_text("WxH ...");
  auto* batch =
      app->add_option(
             "--batch", settings->options.batches,
             "Numbers of pictures that come together, 1..128 (default: 1 to 8 for classifiers; for detectors "
             "a stream of single pictures); no more than --max-in-flight of a detector's are under way")
          ->check(whole_number_between(1, 128))
          ->option_text("N ...");
  auto* end_to_end = app->add_flag("--end-to-end", settings->end_to_end, "Of detectors, whole frames alone");
  app->add_flag("--isolated", settings->isolated, "Of detectors, each program alone, and RoIAlign")
      ->excludes(end_to_end)
      ->excludes(batch);
  app->add_option("--warm-ups", loop.warm_ups, "Iterations before the clock starts")
      ->check(whole_number_between(0, kMostTimes))
      ->capture_default_str();
  app->add_option("--iterations", loop.iterations, "Iterations that are timed")
      ->check(whole_number_between(1, kMostTimes))
      ->capture_default_str();
  app->add_option(
         "--stability", settings->stability,
         "Percent that throughput may differ by between three thirds of the iterations, which are no fewer "
         "than three times the frames under way then; where it differs by more, the oldest third gives way "
         "to further iterations, up to five times as many as asked for. 0: whatever it is")
      ->check(number_between(0, 1000))
      ->capture_default_str();
  app->add_option("--line-every", loop.line_every, "Print a line after so many iterations; 0: none")
      ->check(whole_number_between(0, kMostTimes))
      ->capture_default_str();
  app->add_flag("--json", settings->json, "Print the figures as JSON (bench/plot_bench.py draws them)");
  app->footer(
      "Every combination is measured. A detector without --cores, --max-in-flight and --batch is measured as "
      "in "
      "AWS's application note: models (copies, on a core each) and threads (callers, with a frame each) of 1 "
      "and "
      "1, 1 and 2, 2 and 2, 2 and 4, 4 and 4, 4 and 8, so far as NEURON_RT_NUM_CORES allows, if it is set. "
      "Gain is the throughput as a multiple of the first line's with the same pictures and batch.");
  return {app, [settings] { return bench(*settings); }};
}

}  // namespace rcnn::launch
