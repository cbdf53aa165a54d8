// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <array>
#include <filesystem>
#include <numeric>

#include "elements/elements.hpp"
#include "tests/elements/gst_fixture.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::elements {
namespace {

using Neuronrcnn = tests::GstTest;

TEST_F(Neuronrcnn, TakesPlainVideoAndGivesItBackWithDetections) {
  tests::Pipeline pipeline(
      "videotestsrc num-buffers=10 ! video/x-raw,width=96,height=64 ! videoconvert ! neuronrcnn" +
      tests::with_model() + " ! videoconvert ! video/x-raw,format=I420 ! fakesink name=out");
  std::atomic<int> with_detections{0};
  pipeline.on_buffer = [&](GstBuffer* buffer) {
    with_detections += rcnn_buffer_get_detections_meta(buffer) != nullptr ? 1 : 0;
  };
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  EXPECT_EQ(pipeline.count(), 10);
  EXPECT_EQ(with_detections, 10);
}

// The masks of each frame's objects, run for run.
std::vector<std::vector<guint32>> masks_after(const std::string& elements) {
  tests::Pipeline pipeline(
      "videotestsrc num-buffers=4 pattern=ball ! video/x-raw,width=96,height=64 ! videoconvert ! " +
      elements + " ! videoconvert ! video/x-raw,format=I420 ! fakesink name=out");
  std::vector<std::vector<guint32>> masks;
  pipeline.on_buffer = [&](GstBuffer* buffer) {
    const auto* meta = rcnn_buffer_get_detections_meta(buffer);
    for (guint i = 0; meta != nullptr && i < meta->count; ++i) {
      const auto& found = meta->detections[i];
      auto& runs = masks.emplace_back(found.mask_runs, found.mask_runs + found.mask_run_count);
      EXPECT_EQ(std::accumulate(runs.begin(), runs.end(), 0u), 96u * 64u);
    }
  };
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  return masks;
}

TEST_F(Neuronrcnn, GivesTheMasksThatSixElementsGive) {
  const tests::TinyModelOptions kMasks{.masks = true};
  const auto masks = masks_after("neuronrcnn" + tests::with_model(kMasks));
  EXPECT_FALSE(masks.empty());
  EXPECT_EQ(masks_after(tests::six(" ! ", "", "", kMasks)), masks);
}

TEST_F(Neuronrcnn, RunsTwiceInOnePipelineOnSharedCores) {
  tests::Pipeline pipeline(
      "videotestsrc num-buffers=10 ! video/x-raw,format=RGB,width=96,height=64 ! tee name=t ! queue ! "
      "neuronrcnn" +
      tests::with_model() + " ! fakesink name=out t. ! queue ! neuronrcnn" + tests::with_model() +
      " ! fakesink");
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  EXPECT_EQ(pipeline.count(), 10);
}

// Boxes of the objects in each of the first frames of a clip.
std::vector<std::vector<std::array<float, 4>>> boxes_in(const std::filesystem::path& clip,
                                                        const std::string& elements, std::string& format) {
  tests::Pipeline pipeline("filesrc location=" + clip.string() + " ! decodebin ! identity eos-after=4 ! " +
                           elements + " name=out ! x264enc speed-preset=ultrafast ! fakesink");
  std::vector<std::vector<std::array<float, 4>>> boxes;
  const ElementPtr network = pipeline.named("network");
  const PadPtr pad(gst_element_get_static_pad(network.get(), "src"));
  pipeline.on_buffer = [&](GstBuffer* buffer) {
    const auto* meta = rcnn_buffer_get_detections_meta(buffer);
    auto& frame = boxes.emplace_back();
    for (guint i = 0; meta != nullptr && i < meta->count; ++i) {
      const auto& found = meta->detections[i];
      frame.push_back({found.x0, found.y0, found.x1, found.y1});
    }
    const CapsPtr caps(gst_pad_get_current_caps(pad.get()));
    format = gst_structure_get_string(gst_caps_get_structure(caps.get(), 0), "format");
  };
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  EXPECT_GE(pipeline.count(), 3);
  boxes.resize(3);  // The decoder may have handed on some more before it heard of the end.
  return boxes;
}

TEST_F(Neuronrcnn, TakesDecodedVideoAndGivesItToAnEncoderWithoutAVideoconvert) {
  const auto clip = tests::shared_file("data/video/car-detection.mp4");
  RCNN_SKIP_WITHOUT(clip);
  const auto network = "neuronrcnn name=network" + tests::with_model();
  std::string straight, converted;
  const auto boxes = boxes_in(clip, network + " ! identity", straight);
  EXPECT_THAT(boxes, testing::Each(testing::Not(testing::IsEmpty())));
  EXPECT_THAT(straight, testing::AnyOf("I420", "NV12")) << "what the decoder gives";
  EXPECT_EQ(
      boxes_in(clip, "videoconvert ! video/x-raw,format=BGR ! " + network + " ! videoconvert", converted),
      boxes);
  EXPECT_EQ(converted, "BGR");
}

TEST_F(Neuronrcnn, KeepsFramesOfAFileCountForCount) {
  const auto file = tests::shared_file("data/video/car-detection.mp4");
  RCNN_SKIP_WITHOUT(file);
  tests::Pipeline plain("filesrc location=" + file.string() +
                        " ! decodebin ! videoconvert ! fakesink name=out");
  ASSERT_EQ(plain.run().end, "eos");
  tests::Pipeline pipeline("filesrc location=" + file.string() + " ! decodebin ! videoconvert ! neuronrcnn" +
                           tests::with_model() + " ! videoconvert ! fakesink name=out");
  GstClockTime last = 0;
  bool rising = true;
  pipeline.on_buffer = [&](GstBuffer* buffer) {
    rising = rising && GST_BUFFER_PTS(buffer) >= last;
    last = GST_BUFFER_PTS(buffer);
  };
  const auto outcome = pipeline.run(120 * GST_SECOND);
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  EXPECT_EQ(pipeline.count(), plain.count());
  EXPECT_TRUE(rising);
}

}  // namespace
}  // namespace rcnn::elements
