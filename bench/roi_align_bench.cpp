// SPDX-License-Identifier: MIT
// RoIAlign of 1000 recorded regions over p2..p5 of an 800x800 input, 256 channels, one thread:
//   build/bench/roi_align_bench
// The peer on the same boxes and features: bench/peers/roi_align_torchvision.py
#include <benchmark/benchmark.h>

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/rcnn/roi_align.hpp"
#include "tests/engine/rcnn/reference/golden_frames.hpp"
#include "tests/support/shared_files.hpp"

namespace {

using namespace rcnn;

constexpr float kStep = 0.01F;

/// The peer's values too: a cheap function of the row-major index.
float value_at(std::size_t index) { return static_cast<float>(index % 97) * kStep; }

std::vector<engine::Tensor> features(engine::Layout layout, engine::DType dtype) {
  std::vector<engine::Tensor> maps;
  for (const int side : {200, 100, 50, 25}) {
    auto& map = maps.emplace_back(engine::TensorSpec{
        "p", {1, 256, side, side}, dtype, layout, engine::size_of(dtype) == 1 ? kStep : 1});
    std::size_t index = 0;
    if (dtype == engine::DType::kF32) {
      for (auto& value : map.values<float>()) value = value_at(index++);
    } else if (dtype == engine::DType::kBf16) {
      for (auto& bits : map.values<std::uint16_t>())
        bits = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value_at(index++)) >> 16U);
    } else {
      for (auto& steps : map.values<std::uint8_t>()) steps = static_cast<std::uint8_t>(index++ % 97);
    }
  }
  return maps;
}

/// Boxes of a frame of another size are stretched to 800x800, as `scale` says.
std::vector<engine::Box> recorded_boxes(const std::string& golden, float scale) {
  auto boxes = tests::to_boxes(tests::Npz(tests::golden_file(golden)).f32("proposals_xyxy"));
  for (auto& box : boxes) box = {box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale};
  return boxes;
}

void pool(benchmark::State& state, const std::string& golden, float scale, engine::Layout layout, int bins,
          engine::DType dtype = engine::DType::kF32) {
  if (!std::filesystem::exists(tests::golden_file(golden))) {
    state.SkipWithError((golden + " is not here").c_str());
    return;
  }
  const auto maps = features(layout, dtype);
  std::vector<engine::FeatureView> levels;
  for (const auto& map : maps) levels.push_back(engine::feature_view(map));
  const auto boxes = recorded_boxes(golden, scale);
  engine::RoiPoolerParams params;
  params.output_size = bins;
  engine::Tensor pooled({"pooled",
                         {1000, bins * bins, 256},
                         dtype,
                         engine::Layout::kRowMajor,
                         engine::size_of(dtype) == 1 ? kStep : 1});
  const engine::PooledView room(pooled);
  for (auto _ : state) {
    engine::roi_align(levels, boxes, engine::pooling_order(boxes, params), params, room);
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

// What the convolutions of these types write, and the heads read.
BENCHMARK_CAPTURE(pool, r101_blocked16_bf16, kR101, 1.F, engine::Layout::kBlocked16, 7, engine::DType::kBf16)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pool, r101_nhwc_bf16, kR101, 1.F, engine::Layout::kNhwc, 7, engine::DType::kBf16)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pool, r101_nhwc_u8, kR101, 1.F, engine::Layout::kNhwc, 7, engine::DType::kU8)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pool, r101_nhwc_s8, kR101, 1.F, engine::Layout::kNhwc, 7, engine::DType::kS8)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pool, r101_blocked16_masks, kR101, 1.F, engine::Layout::kBlocked16, 14)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pool, r101_nhwc_bf16_masks, kR101, 1.F, engine::Layout::kNhwc, 14, engine::DType::kBf16)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pool, r101_nhwc_u8_masks, kR101, 1.F, engine::Layout::kNhwc, 14, engine::DType::kU8)
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
