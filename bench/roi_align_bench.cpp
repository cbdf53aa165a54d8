// SPDX-License-Identifier: MIT
// RoIAlign of 1000 recorded regions over p2..p5 of an 800x800 input, 256 channels, one thread:
//   build/bench/roi_align_bench
// The peer on the same boxes and features: bench/peers/roi_align_torchvision.py
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/rcnn/roi_align.hpp"
#include "tests/engine/rcnn/reference/golden_frames.hpp"
#include "tests/support/shared_files.hpp"

namespace {

using namespace rcnn;

/// The peer's values too: a cheap function of the row-major index.
std::vector<engine::Tensor> features(engine::Layout layout) {
  std::vector<engine::Tensor> maps;
  for (const int side : {200, 100, 50, 25}) {
    maps.emplace_back(engine::TensorSpec{"p", {1, 256, side, side}, engine::DType::kF32, layout});
    std::size_t index = 0;
    for (auto& value : maps.back().values<float>()) value = static_cast<float>(index++ % 97) * 0.01F;
  }
  return maps;
}

/// Boxes of a frame of another size are stretched to 800x800, as `scale` says.
std::vector<engine::Box> recorded_boxes(const std::string& golden, float scale) {
  auto boxes = tests::to_boxes(tests::Npz(tests::golden_file(golden)).f32("proposals_xyxy"));
  for (auto& box : boxes) box = {box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale};
  return boxes;
}

void pool(benchmark::State& state, const std::string& golden, float scale, engine::Layout layout, int bins) {
  if (!std::filesystem::exists(tests::golden_file(golden))) {
    state.SkipWithError((golden + " is not here").c_str());
    return;
  }
  const auto maps = features(layout);
  std::vector<engine::FeatureView> levels;
  for (const auto& map : maps) levels.push_back(engine::feature_view(map));
  const auto boxes = recorded_boxes(golden, scale);
  engine::RoiPoolerParams params;
  params.output_size = bins;
  engine::Tensor pooled({"pooled", {1000, bins * bins, 256}, engine::DType::kF32, engine::Layout::kRowMajor});
  for (auto _ : state) {
    engine::roi_align(levels, boxes, 0, boxes.size(), params, pooled.values<float>());
    benchmark::ClobberMemory();
  }
}

const std::string kR101 = "proposals_faster_rcnn_R_101_FPN_3x_800.npz";
const std::string kR50 = "stages_faster_rcnn_R_50_FPN_3x_320.npz";

BENCHMARK_CAPTURE(pool, r101_blocked8, kR101, 1.F, engine::Layout::kBlocked8, 7)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pool, r101_blocked16, kR101, 1.F, engine::Layout::kBlocked16, 7)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pool, r101_nhwc, kR101, 1.F, engine::Layout::kNhwc, 7)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pool, r101_blocked8_masks, kR101, 1.F, engine::Layout::kBlocked8, 14)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pool, r50_blocked8, kR50, 2.5F, engine::Layout::kBlocked8, 7)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pool, r50_blocked16, kR50, 2.5F, engine::Layout::kBlocked16, 7)
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
