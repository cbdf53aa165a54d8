// SPDX-License-Identifier: MIT
#include "launch/bench_runs.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "engine/errors.hpp"
#include "engine/rcnn/roi_align.hpp"
#include "engine/runtime/core_pool.hpp"
#include "launch/frame_loop.hpp"
#include "launch/program_loop.hpp"
#include "pipeline/classifier.hpp"

namespace rcnn::launch {
namespace {

using Clock = TimedLoop::Clock;

/// The first `count` of the cores there are, as options name them.
std::string first_cores(int count) {
  const auto& ids = engine::CorePool::process().settings().cores;
  return fmt::format("{}", fmt::join(ids.begin(), ids.begin() + count, ","));
}

/// This process's cores with so many threads each. \param made  keeps those that are not the process's own
engine::CorePool& cores_with(int threads, std::vector<std::unique_ptr<engine::CorePool>>& made) {
  auto settings = engine::CorePool::process().settings();
  if (settings.threads_per_core == threads) return engine::CorePool::process();
  settings.threads_per_core = threads;
  return *made.emplace_back(std::make_unique<engine::CorePool>(settings));
}

/// "2 cores, 1 thread each".
std::string counted(int cores, int threads) {
  return fmt::format("{} core{}, {} thread{} each", cores, cores == 1 ? "" : "s", threads,
                     threads == 1 ? "" : "s");
}

void announce(const BenchOptions& options, const std::string& what) {
  if (options.lines != nullptr) *options.lines << what << '\n';
}

/// Regions of all sizes, so that every level has some.
std::vector<engine::Box> strewn_boxes(int count, engine::Size frame) {
  std::mt19937 random(2);
  const auto draw = [&](float most) { return static_cast<float>(random() % 4096) * most / 4096.F; };
  std::vector<engine::Box> boxes;
  for (int i = 0; i < count; ++i) {
    const auto width = static_cast<float>(frame.width), height = static_cast<float>(frame.height);
    const float scale = std::ldexp(1.F, -(i % 5));
    const float box_width = scale * draw(width), box_height = scale * draw(height);
    const float x = draw(width - box_width), y = draw(height - box_height);
    boxes.push_back({x, y, x + box_width, y + box_height});
  }
  return boxes;
}

/// Threads take pieces of the regions in turn, as the pipeline's stage does.
void pool_regions(const std::vector<engine::FeatureView>& levels, const std::vector<engine::Box>& boxes,
                  const engine::RoiPoolerParams& params, const engine::PooledView& pooled, int threads) {
  constexpr std::size_t kPiece = 32;
  const auto order = engine::pooling_order(boxes, params);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (auto begin = next.fetch_add(kPiece); begin < order.size(); begin = next.fetch_add(kPiece)) {
      const auto piece = std::span(order).subspan(begin, std::min(kPiece, order.size() - begin));
      engine::roi_align(levels, boxes, piece, params, pooled);
    }
  };
  std::vector<std::jthread> helpers;
  for (int i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
}

}  // namespace

std::vector<BenchRow> bench_detector(const BenchOptions& options, engine::Size image) {
  const Picture picture(image);
  std::vector<BenchRow> rows;
  std::vector<std::unique_ptr<engine::CorePool>> pools;  // Outlive the session that is on one
  std::shared_ptr<const pipeline::Session> session;      // The last one stays until the next has its weights
  const auto measure = [&](BenchRow row, const auto& run) {
    announce(options, fmt::format("{}x{}, {}, {}{} in flight{}", image.width, image.height,
                                  counted(row.parallel, row.threads_per_core),
                                  row.program.empty() ? "" : row.program + " alone, ", row.in_flight,
                                  options.batches.empty() ? "" : fmt::format(", batch {}", row.batch)));
    auto loop = options.loop;
    // Frames under way come out in bursts: a third that is shorter than one tells nothing.
    if (loop.most_spread > 0 && row.batch == 1)
      loop.iterations = std::max(loop.iterations, 3 * row.in_flight);
    row.result = run(row, TimedLoop(loop, row.batch, options.lines));
    rows.push_back(std::move(row));
  };
  const auto whole_frames = [&](const BenchRow& row, const TimedLoop& loop) {
    return row.kind == "detect" ? run_stream(session, picture, row.in_flight, loop)
                                : run_batches(session, picture, row.batch, row.in_flight, loop);
  };
  for (const int threads : options.threads_per_core) {
    auto& pool = cores_with(threads, pools);
    for (std::size_t i = 0; i < options.loads.size(); ++i) {
      const auto [cores, in_flight] = options.loads[i];
      if (i == 0 || options.loads[i - 1].cores != cores) {
        session = pipeline::Session::create({options.model, first_cores(cores)}, pool);
      }
      if (options.end_to_end && options.batches.empty()) {
        measure({"detect", "", image, 1, cores, threads, in_flight, {}}, whole_frames);
      }
      for (const int batch : options.batches) {
        measure({"detect-batch", "", image, batch, cores, threads, std::min(in_flight, batch), {}},
                whole_frames);
      }
      if (!options.isolated || !options.batches.empty()) continue;
      for (const auto& program : sized_programs(*session, image)) {
        measure({"isolated", program.name, image, 1, cores, threads, in_flight, {}},
                [&](const BenchRow& row, const TimedLoop& loop) {
                  return run_program(*session, program, row.in_flight, loop);
                });
      }
    }
  }
  // The same program's in a row; frames' first.
  std::map<std::string, int> order;
  for (const auto& row : rows)
    order.emplace(row.program, row.program.empty() ? -1 : static_cast<int>(order.size()));
  std::ranges::stable_sort(rows, {}, [&](const BenchRow& row) { return order.at(row.program); });
  return rows;
}

std::vector<BenchRow> bench_roi_align(const BenchOptions& options, engine::Size image) {
  const auto session = pipeline::Session::create({options.model, first_cores(1)});
  const auto frame = engine::network_size(session->input_spec(), image);
  const auto geometry = session->geometry(engine::padded_size(frame, 32));
  const auto params = session->pooler_params();
  auto specs = geometry->image_program->outputs();
  specs.resize(params.strides.size());
  const auto features = session->acquire(specs);
  std::vector<engine::FeatureView> levels;
  for (auto& feature : *features) {
    std::memset(feature.data(), 0, feature.spec().bytes());
    levels.push_back(engine::feature_view(feature));
  }
  const auto boxes = strewn_boxes(session->config().max_proposals(), frame);
  const auto pooled =
      session->acquire(session->model().box_executable(static_cast<int>(boxes.size()))->inputs());
  std::vector<BenchRow> rows;
  for (const int threads : options.cores) {
    announce(options, fmt::format("RoIAlign with {} thread{}", threads, threads == 1 ? "" : "s"));
    TimedLoop loop(options.loop, static_cast<int>(boxes.size()), options.lines);
    while (!loop.done()) {
      const auto began = Clock::now();
      pool_regions(levels, boxes, params, engine::PooledView(pooled->at(0)), threads);
      loop.ended(Clock::now() - began);
    }
    rows.push_back({"roi-align", "", image, 1, threads, 1, 1, loop.result()});
  }
  return rows;
}

std::vector<BenchRow> bench_classifier(const BenchOptions& options) {
  std::vector<BenchRow> rows;
  std::vector<std::unique_ptr<engine::CorePool>> pools;  // Outlive the classifier that is on one
  std::unique_ptr<pipeline::Classifier> classifier;
  const auto input = engine::Artifact::open(options.model)->options().input;
  const engine::Size image{input.width, input.height};
  const Picture picture(image);
  for (const int threads : options.threads_per_core) {
    auto& pool = cores_with(threads, pools);
    for (const int cores : options.cores) {
      classifier = pipeline::Classifier::create({options.model, first_cores(cores)}, pool);
      for (const int batch : options.batches) {
        announce(options, fmt::format("batch {}, {}", batch, counted(cores, threads)));
        const std::vector<engine::ImageView> images(static_cast<std::size_t>(batch), picture.view());
        TimedLoop loop(options.loop, batch, options.lines);
        while (!loop.done()) {
          const auto began = Clock::now();
          classifier->logits(images);
          loop.ended(Clock::now() - began);
        }
        rows.push_back({"classify", "", image, batch, cores, threads, 1, loop.result()});
      }
    }
  }
  return rows;
}

}  // namespace rcnn::launch
