// SPDX-License-Identifier: MIT
// What the host does to a frame besides RoIAlign, on recorded network outputs, one thread:
//   build/bench/host_ops_bench
#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/image/resize.hpp"
#include "engine/rcnn/detections.hpp"
#include "engine/rcnn/mask_paste.hpp"
#include "engine/rcnn/nms.hpp"
#include "engine/rcnn/proposals.hpp"
#include "tests/engine/image/reference/resize.hpp"
#include "tests/engine/rcnn/reference/golden_frames.hpp"
#include "tests/engine/rcnn/reference/random_boxes.hpp"
#include "tests/support/shared_files.hpp"

namespace {

using namespace rcnn;

const std::string kR101 = "proposals_faster_rcnn_R_101_FPN_3x_800.npz";
const std::string kMasks = "stages_mask_rcnn_R_50_FPN_3x_256.npz";
const std::string kR50 = "stages_faster_rcnn_R_50_FPN_3x_320.npz";

bool skip_without(benchmark::State& state, const std::string& golden) {
  if (std::filesystem::exists(tests::golden_file(golden))) return false;
  state.SkipWithError((golden + " is not here").c_str());
  return true;
}

void preprocess(benchmark::State& state) {
  const engine::Size source{static_cast<int>(state.range(0)), static_cast<int>(state.range(1))};
  const engine::Size target{800, 800};
  const auto pixels = tests::noise(source.width, source.height, 3, 1);
  const engine::ImageView image{pixels.bytes.data(), source.width, source.height, source.width * 3,
                                engine::PixelFormat::kBgr};
  const engine::Resizer resizer(source, target);
  engine::Tensor input({"image", {1, 3, target.height, target.width}});
  for (auto _ : state) {
    resizer.network_rows(image, {}, 0, target.height, input);
    benchmark::ClobberMemory();
  }
}

void proposals(benchmark::State& state) {
  if (skip_without(state, kR101)) return;
  const tests::GoldenRpn rpn{tests::Npz(tests::golden_file(kR101))};
  const auto levels = rpn.levels();
  for (auto _ : state) benchmark::DoNotOptimize(engine::find_top_proposals(levels, {}, 800, 800));
}

/// The first level alone: 120,000 anchors.
void largest_level(benchmark::State& state) {
  if (skip_without(state, kR101)) return;
  const tests::GoldenRpn rpn{tests::Npz(tests::golden_file(kR101))};
  const auto levels = rpn.levels();
  for (auto _ : state) benchmark::DoNotOptimize(engine::level_proposals(levels[0], {}, 800, 800));
}

/// Thresholds in thousandths; at 0 every region is a candidate for each of 80 classes.
void detections(benchmark::State& state) {
  if (skip_without(state, kR50)) return;
  const tests::Npz golden(tests::golden_file(kR50));
  const auto regions = tests::golden_proposals(golden);
  engine::DetectionParams params;
  params.score_threshold = static_cast<float>(state.range(0)) / 1000.F;
  for (auto _ : state) {
    benchmark::DoNotOptimize(engine::find_detections(golden.f32("class_logits"), golden.f32("box_deltas"),
                                                     regions, params, 320, 320));
  }
}

void nms(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto boxes = tests::clumped_boxes(count, 3);
  const auto scores = tests::tied_scores(count, 4, 100000);
  for (auto _ : state) benchmark::DoNotOptimize(engine::nms(boxes, scores, 0.7F));
}

/// A hundred masks of 300x200 pixels into a frame of 1920x1080: recorded probabilities, which are noise, the
/// worst case, since nearly every four of them lie on both sides of 0.5.
void masks(benchmark::State& state) {
  if (skip_without(state, kMasks)) return;
  const tests::Npz golden(tests::golden_file(kMasks));
  const auto probabilities = golden.f32("mask_probability_first_16");
  constexpr std::size_t kCells = 28 * 28;
  for (auto _ : state) {
    for (std::size_t i = 0; i < 100; ++i) {
      const auto x = static_cast<float>(i % 10) * 160.25F, y = static_cast<float>(i / 10) * 85.5F;
      benchmark::DoNotOptimize(engine::paste_mask(probabilities.subspan(i % 16 * kCells, kCells), 28,
                                                  {x, y, x + 300, y + 200}, 1920, 1080));
    }
  }
}

BENCHMARK(preprocess)
    ->Args({1920, 1080})
    ->Args({1080, 1920})
    ->Args({768, 432})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(proposals)->Unit(benchmark::kMillisecond);
BENCHMARK(largest_level)->Unit(benchmark::kMillisecond);
BENCHMARK(detections)->Arg(500)->Arg(50)->Arg(0)->Unit(benchmark::kMillisecond);
BENCHMARK(masks)->Unit(benchmark::kMillisecond);
BENCHMARK(nms)->Arg(1000)->Arg(4000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
