// SPDX-License-Identifier: MIT
// What a frame of video costs besides the network, one thread: decoded YUV to the network's input, straight
// and by way of videoconvert's BGR, and the overlay.
//   build/bench/video_bench
#include <benchmark/benchmark.h>
#include <gst/video/video.h>

#include <memory>
#include <string>
#include <vector>

#include "elements/gst_support.hpp"
#include "elements/painter.hpp"
#include "elements/video_frame.hpp"
#include "engine/image/resize.hpp"
#include "engine/rcnn/mask.hpp"

namespace {

using namespace rcnn;

constexpr engine::Size kNetwork{800, 800};

/// A frame of noise, as decoders hand them on.
class Video {
 public:
  Video(GstVideoFormat format, int width, int height) {
    gst_video_info_set_format(&info_, format, static_cast<guint>(width), static_cast<guint>(height));
    buffer_.reset(gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info_), nullptr));
    GstMapInfo map;
    gst_buffer_map(buffer_.get(), &map, GST_MAP_WRITE);
    std::uint32_t state = 1;
    for (gsize i = 0; i < map.size; ++i) {
      map.data[i] = static_cast<guint8>((state = state * 1664525U + 1013904223U) >> 24);
    }
    gst_buffer_unmap(buffer_.get(), &map);
    frame_ = std::make_unique<elements::MappedVideo>(info_, buffer_.get(), GST_MAP_READWRITE);
  }
  const GstVideoInfo& info() const { return info_; }
  const elements::MappedVideo& mapped() const { return *frame_; }

 private:
  GstVideoInfo info_{};
  elements::BufferPtr buffer_;
  std::unique_ptr<elements::MappedVideo> frame_;
};

void preprocess(benchmark::State& state, GstVideoFormat format) {
  const Video video(format, static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  const auto view = video.mapped().view();
  const engine::Resizer resizer({view.width, view.height}, kNetwork);
  engine::Tensor input({"image", {1, 3, kNetwork.height, kNetwork.width}});
  for (auto _ : state) {
    resizer.network_rows(view, {}, 0, kNetwork.height, input);
    benchmark::ClobberMemory();
  }
}

/// `videoconvert ! preprocess-resize-800`, without what passing buffers costs.
void convert_and_preprocess(benchmark::State& state, GstVideoFormat format) {
  const Video video(format, static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  const Video bgr(GST_VIDEO_FORMAT_BGR, video.info().width, video.info().height);
  const std::unique_ptr<GstVideoConverter, decltype(&gst_video_converter_free)> converter(
      gst_video_converter_new(&video.info(), &bgr.info(), nullptr), gst_video_converter_free);
  const auto view = bgr.mapped().view();
  const engine::Resizer resizer({view.width, view.height}, kNetwork);
  engine::Tensor input({"image", {1, 3, kNetwork.height, kNetwork.width}});
  auto target = bgr.mapped().frame();
  for (auto _ : state) {
    gst_video_converter_frame(converter.get(), &video.mapped().frame(), &target);
    resizer.network_rows(view, {}, 0, kNetwork.height, input);
    benchmark::ClobberMemory();
  }
}

/// An ellipse in a box of a frame of 1920x1080.
engine::Mask ellipse(const engine::Box& box) {
  engine::RunWriter writer;
  const auto part = [](float at, float from, float to) { return 2 * (at - from) / (to - from) - 1; };
  for (int x = 0; x < 1920; ++x) {
    const float across = part(static_cast<float>(x), box.x0, box.x1);
    for (int y = 0; y < 1080; ++y) {
      const float down = part(static_cast<float>(y), box.y0, box.y1);
      writer.add(1, across * across + down * down < 1);
    }
  }
  return writer.take(1920, 1080);
}

/// What there is to draw.
enum class Scene {
  kBoxes,   ///< Twenty of 240x180 pixels
  kMasks,   ///< The same with masks
  kStreet,  ///< Twenty as large as people, cars, a lorry and a bus are at all distances of a street, with
            ///< masks
};

constexpr engine::Size kStreetSizes[] = {{24, 60},   {38, 96},   {44, 112},  {52, 130},  {60, 150},
                                         {75, 190},  {96, 240},  {120, 310}, {64, 46},   {80, 60},
                                         {110, 78},  {140, 96},  {190, 130}, {260, 170}, {380, 240},
                                         {520, 330}, {300, 260}, {420, 360}, {90, 80},   {130, 120}};

std::vector<engine::Detection> objects(Scene scene) {
  std::vector<engine::Detection> detections(std::size(kStreetSizes));
  for (std::size_t i = 0; i < detections.size(); ++i) {
    auto& found = detections[i];
    const auto column = static_cast<float>(i % 5), row = static_cast<float>(i / 5);
    if (scene == Scene::kStreet) {
      const auto [width, height] = kStreetSizes[i];
      const float x = column * 340.F + 10.F, y = row * 230.F + 10.F;
      found.box = {x, y, x + static_cast<float>(width), y + static_cast<float>(height)};
    } else {
      const float x = column * 370.F + 10.F, y = row * 260.F + 10.F;
      found.box = {x, y, x + 240, y + 180};
    }
    found.score = 0.98F;
    found.label = static_cast<int>(i % 4);
    if (scene != Scene::kBoxes) found.mask = ellipse(found.box);
  }
  return detections;
}

/// Objects and their labels.
void overlay(benchmark::State& state, GstVideoFormat format, Scene scene) {
  const Video video(format, 1920, 1080);
  const auto target = elements::paint_target_of(video.mapped().frame());
  const std::vector<std::string> names{"person", "bicycle", "car", "motorcycle"};
  const auto detections = objects(scene);
  for (auto _ : state) {
    elements::paint_detections(target, detections, names);
    benchmark::ClobberMemory();
  }
}

BENCHMARK_CAPTURE(preprocess, nv12, GST_VIDEO_FORMAT_NV12)->Args({1920, 1080})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(convert_and_preprocess, nv12, GST_VIDEO_FORMAT_NV12)
    ->Args({1920, 1080})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(preprocess, i420, GST_VIDEO_FORMAT_I420)->Args({1920, 1080})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(convert_and_preprocess, i420, GST_VIDEO_FORMAT_I420)
    ->Args({1920, 1080})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(preprocess, bgr, GST_VIDEO_FORMAT_BGR)->Args({1920, 1080})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(overlay, nv12, GST_VIDEO_FORMAT_NV12, Scene::kBoxes)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(overlay, i420, GST_VIDEO_FORMAT_I420, Scene::kBoxes)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(overlay, bgrx, GST_VIDEO_FORMAT_BGRx, Scene::kBoxes)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(overlay, nv12_masks, GST_VIDEO_FORMAT_NV12, Scene::kMasks)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(overlay, i420_masks, GST_VIDEO_FORMAT_I420, Scene::kMasks)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(overlay, bgrx_masks, GST_VIDEO_FORMAT_BGRx, Scene::kMasks)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(overlay, nv12_street, GST_VIDEO_FORMAT_NV12, Scene::kStreet)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(overlay, i420_street, GST_VIDEO_FORMAT_I420, Scene::kStreet)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(overlay, bgrx_street, GST_VIDEO_FORMAT_BGRx, Scene::kStreet)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
