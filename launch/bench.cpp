// SPDX-License-Identifier: MIT
// bench: latency and throughput of an artifact here, over numbers of cores, picture sizes and batches.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
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

struct Settings {
  BenchOptions options;
  std::vector<std::string> sizes;
  bool json = false;
};

/// How many times as many items a second as the first row of the same work.
double gain(const BenchRow& row, const std::vector<BenchRow>& rows) {
  for (const auto& first : rows) {
    if (first.kind == row.kind && first.image == row.image && first.batch == row.batch) {
      return row.result.per_second / first.result.per_second;
    }
  }
  return 1;
}

void print_table(const std::string& title, const std::string& kind, const std::vector<BenchRow>& rows) {
  const bool pooling = kind == "roi-align";
  const bool frames = kind.starts_with("detect");
  std::vector<std::string> columns{"picture", "batch>"};
  if (!pooling) columns.insert(columns.end(), {"cores>", "threads each>"});
  if (pooling) columns.emplace_back("threads>");
  if (frames) columns.emplace_back("in flight>");
  columns.insert(columns.end(),
                 {"p50 ms>", "p95 ms>", "p99 ms>", pooling ? "regions/s>" : "pictures/s>", "gain>"});
  Table table(columns);
  for (const auto& row : rows) {
    if (row.kind != kind) continue;
    std::vector<std::string> cells{fmt::format("{}x{}", row.image.width, row.image.height),
                                   std::to_string(row.batch), std::to_string(row.parallel)};
    if (!pooling) cells.push_back(std::to_string(row.threads_per_core));
    if (frames) cells.push_back(std::to_string(row.in_flight));
    for (const double ms : {row.result.p50_ms, row.result.p95_ms, row.result.p99_ms}) {
      cells.push_back(fmt::format("{:.2f}", ms));
    }
    cells.push_back(fmt::format("{:.1f}", row.result.per_second));
    cells.push_back(fmt::format("{:.2f}", gain(row, rows)));
    table.add(std::move(cells));
  }
  if (table.empty()) return;
  std::cout << '\n' << title << '\n';
  table.print(std::cout);
}

ordered_json to_json(const Settings& settings, const std::vector<BenchRow>& rows) {
  auto list = ordered_json::array();
  for (const auto& row : rows) {
    const bool pooling = row.kind == "roi-align";
    auto& entry = list.emplace_back(ordered_json{{"kind", row.kind},
                                                 {"width", row.image.width},
                                                 {"height", row.image.height},
                                                 {"batch", row.batch},
                                                 {pooling ? "threads" : "cores", row.parallel}});
    if (!pooling) entry["threads_per_core"] = row.threads_per_core;
    if (row.in_flight > 0) entry["in_flight"] = row.in_flight;
    entry["p50_ms"] = row.result.p50_ms;
    entry["p95_ms"] = row.result.p95_ms;
    entry["p99_ms"] = row.result.p99_ms;
    entry[pooling ? "regions_per_second" : "images_per_second"] = row.result.per_second;
    entry["gain"] = gain(row, rows);
  }
  return {{"model", settings.options.model.string()},
          {"warm_ups", settings.options.loop.warm_ups},
          {"iterations", settings.options.loop.iterations},
          {"rows", std::move(list)}};
}

std::vector<BenchRow> run(Settings& settings) {
  auto& options = settings.options;
  const auto artifact = engine::Artifact::open(options.model);
  if (artifact->is_classifier()) {
    if (!settings.sizes.empty()) {
      throw engine::SettingError(
          fmt::format("--size is for detectors; '{}' holds a classifier, whose input has one size",
                      options.model.string()));
    }
    if (!options.in_flight.empty()) {
      throw engine::SettingError(fmt::format(
          "--max-in-flight is for detectors; '{}' holds a classifier, which takes whole batches (--batch)",
          options.model.string()));
    }
    if (options.batches.empty()) options.batches = {1, 2, 3, 4, 5, 6, 7, 8};
    return bench_classifier(options);
  }
  if (artifact->config().load_proposals) {
    throw engine::SettingError(
        fmt::format("'{}' holds a Fast R-CNN, which looks at boxes that come with its images; "
                    "bench has none",
                    options.model.string()));
  }
  std::vector<engine::Size> sizes;
  for (const auto& size : settings.sizes) sizes.push_back(parse_image_size("--size", size));
  if (sizes.empty()) sizes = {{608, 448}, {1344, 800}};
  std::vector<BenchRow> rows;
  const auto append = [&](std::vector<BenchRow> more) {
    rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  for (const auto& size : sizes) append(bench_detector(options, size));
  append(bench_roi_align(options, sizes.back()));
  return rows;
}

/// What was not asked for: 1 to all cores, with the threads that the environment gives them.
void complete(BenchOptions& options) {
  const auto& there = engine::CorePool::process().settings();
  const int most = static_cast<int>(there.cores.size());
  for (const int cores : options.cores) {
    if (cores > most) {
      throw engine::SettingError(
          fmt::format("--cores {}: there are {}; NEURON_RT_NUM_CORES says how many there are", cores, most));
    }
  }
  if (options.cores.empty()) {
    options.cores.resize(there.cores.size());
    std::iota(options.cores.begin(), options.cores.end(), 1);
  }
  if (options.threads_per_core.empty()) options.threads_per_core = {there.threads_per_core};
}

int bench(Settings settings) {
  complete(settings.options);
  settings.options.lines = settings.json ? &std::cerr : &std::cout;
  const auto rows = run(settings);
  if (settings.json) {
    std::cout << to_json(settings, rows).dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
    return kDone;
  }
  print_table("Detection", "detect", rows);
  print_table("Detection in batches", "detect-batch", rows);
  print_table("RoIAlign", "roi-align", rows);
  print_table("Classification", "classify", rows);
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
  app->add_option("--cores", settings->options.cores,
                  "Numbers of cores (and threads of RoIAlign) to measure with (default: 1 to all)")
      ->check(whole_number_between(1, 4096))
      ->option_text("N ...");
  app->add_option("--threads-per-core", settings->options.threads_per_core,
                  "Numbers of threads that a core has, 1..256 (default: NEURON_EMU_THREADS_PER_CORE)")
      ->check(whole_number_between(1, 256))
      ->option_text("N ...");
  app->add_option(
         "--max-in-flight", settings->options.in_flight,
         "For detectors: numbers of frames under way at a time, 1..64 (default: one more than cores, with "
         "--batch two more)")
      ->check(whole_number_between(1, 64))
      ->option_text("N ...");
  app->add_option(
         "--size", settings->sizes,
         "Picture sizes for detectors, WIDTHxHEIGHT (default: 608x448 1344x800); the artifact's own input "
         "says what becomes of them")
      ->option_text("WxH ...");
  app->add_option(
         "--batch", settings->options.batches,
         "Numbers of pictures that come together, 1..128 (default: 1 to 8 for classifiers; for detectors "
         "a stream of single pictures); no more than --max-in-flight of a detector's are under way")
      ->check(whole_number_between(1, 128))
      ->option_text("N ...");
  app->add_option("--warm-ups", loop.warm_ups, "Iterations before the clock starts")
      ->check(whole_number_between(0, kMostTimes))
      ->capture_default_str();
  app->add_option("--iterations", loop.iterations, "Iterations that are timed")
      ->check(whole_number_between(1, kMostTimes))
      ->capture_default_str();
  app->add_option("--line-every", loop.line_every, "Print a line after so many iterations; 0: none")
      ->check(whole_number_between(0, kMostTimes))
      ->capture_default_str();
  app->add_flag("--json", settings->json, "Print the figures as JSON");
  app->footer(
      "Every combination is measured. Gain is the throughput as a multiple of the first line's with the same "
      "pictures and batch.");
  return {app, [settings] { return bench(*settings); }};
}

}  // namespace rcnn::launch
