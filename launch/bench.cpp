// SPDX-License-Identifier: MIT
// bench: latency and throughput of an artifact here, over numbers of cores, picture sizes and batches.
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/errors.hpp"
#include "engine/runtime/core_pool.hpp"
#include "launch/bench_runs.hpp"
#include "launch/commands.hpp"
#include "launch/image_size.hpp"
#include "launch/table.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::ordered_json;

struct Settings {
  BenchOptions options;
  int cores = 0;  ///< 0: all
  std::vector<std::string> sizes;
  int max_batch = 8;
  bool json = false;
};

/// How many times as many items a second as the row of the same work with one core or thread.
double gain(const BenchRow& row, const std::vector<BenchRow>& rows) {
  for (const auto& one : rows) {
    if (one.kind == row.kind && one.image == row.image && one.batch == row.batch && one.parallel == 1) {
      return row.result.per_second / one.result.per_second;
    }
  }
  return 1;
}

void print_table(const std::string& title, const std::string& kind, const std::vector<BenchRow>& rows) {
  const bool threads = kind == "roi-align";
  Table table({"picture", "batch>", threads ? "threads>" : "cores>", "p50 ms>", "p95 ms>", "p99 ms>",
               threads ? "regions/s>" : "pictures/s>", "gain>"});
  for (const auto& row : rows) {
    if (row.kind != kind) continue;
    table.add({fmt::format("{}x{}", row.image.width, row.image.height), std::to_string(row.batch),
               std::to_string(row.parallel), fmt::format("{:.2f}", row.result.p50_ms),
               fmt::format("{:.2f}", row.result.p95_ms), fmt::format("{:.2f}", row.result.p99_ms),
               fmt::format("{:.1f}", row.result.per_second), fmt::format("{:.2f}", gain(row, rows))});
  }
  if (table.empty()) return;
  std::cout << '\n' << title << '\n';
  table.print(std::cout);
}

ordered_json to_json(const Settings& settings, const std::vector<BenchRow>& rows) {
  auto list = ordered_json::array();
  for (const auto& row : rows) {
    list.push_back(
        {{"kind", row.kind},
         {"width", row.image.width},
         {"height", row.image.height},
         {"batch", row.batch},
         {row.kind == "roi-align" ? "threads" : "cores", row.parallel},
         {"p50_ms", row.result.p50_ms},
         {"p95_ms", row.result.p95_ms},
         {"p99_ms", row.result.p99_ms},
         {row.kind == "roi-align" ? "regions_per_second" : "images_per_second", row.result.per_second},
         {"gain", gain(row, rows)}});
  }
  return {{"model", settings.options.model.string()},
          {"warm_ups", settings.options.loop.warm_ups},
          {"iterations", settings.options.loop.iterations},
          {"rows", std::move(list)}};
}

std::vector<BenchRow> run(const Settings& settings) {
  const auto& options = settings.options;
  const auto artifact = engine::Artifact::open(options.model);
  if (artifact->is_classifier()) {
    if (!settings.sizes.empty()) {
      throw engine::SettingError(
          fmt::format("--size is for detectors; '{}' holds a classifier, whose input has one size",
                      options.model.string()));
    }
    return bench_classifier(options, settings.max_batch);
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

int bench(Settings settings) {
  const int there = static_cast<int>(engine::CorePool::process().settings().cores.size());
  if (settings.cores > there) {
    throw engine::SettingError(fmt::format(
        "--cores {}: there are {}; NEURON_RT_NUM_CORES says how many there are", settings.cores, there));
  }
  settings.options.cores = settings.cores > 0 ? settings.cores : there;
  settings.options.lines = settings.json ? nullptr : &std::cout;
  const auto rows = run(settings);
  if (settings.json) {
    std::cout << to_json(settings, rows).dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
    return kDone;
  }
  print_table("Detection", "detect", rows);
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
  app->add_option("--cores", settings->cores,
                  "Most cores (and threads of RoIAlign) to measure with (default: all)")
      ->check(CLI::PositiveNumber)
      ->option_text("N");
  app->add_option(
         "--size", settings->sizes,
         "Picture sizes for detectors, WIDTHxHEIGHT (default: 608x448 1344x800); the artifact's own input "
         "says what becomes of them")
      ->option_text("WxH ...");
  app->add_option("--max-batch", settings->max_batch, "Largest batch for classifiers, 1..128 (default: 8)")
      ->check(CLI::Range(1, 128))
      ->option_text("N");
  app->add_option("--warm-ups", loop.warm_ups, "Iterations before the clock starts")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_option("--iterations", loop.iterations, "Iterations that are timed")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app->add_option("--line-every", loop.line_every, "Print a line after so many iterations; 0: none")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_flag("--json", settings->json, "Print the figures as JSON");
  app->footer("Gain is the throughput as a multiple of that with one core (RoIAlign: one thread).");
  return {app, [settings] { return bench(*settings); }};
}

}  // namespace rcnn::launch
